/**
 * `npm run model -- --runs 10000 [--seed N]`: as many worlds as asked for, and the shortest story of each violation.
 * `--quiet`: worlds in which nothing but nodes is ill. `--perturb`: standard stories, disturbed at each point.
 * `--without GUARD`, or `all`: the world in which it is noticed that a guard is gone (guards.ts). Exits 1 where it is not.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { GUARDS, remove } from './guards.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    commands: { type: 'string', default: '14' },
    quiet: { type: 'boolean', default: false },
    perturb: { type: 'boolean', default: false },
    without: { type: 'string' },
    'max-violations': { type: 'string', default: '5' },
  },
});

if (values.without === 'all') process.exit(tryWithoutEach());
const guard = values.without === undefined ? undefined : GUARDS[values.without];
if (guard !== undefined) remove(guard);
else if (values.without !== undefined) throw new Error(`guards are ${Object.keys(GUARDS).join(', ')}`);
// Only now: a guard is taken away as its module is loaded.
const { anyWorldKeepsThem, quietWorldKeepsThem } = await import('./run.ts');
const { differenceAt, pointsOf, STORIES, tellStory } = await import('./perturb.ts');

// Stacks of errors that are part of the game cost more than the game.
Error.stackTraceLimit = 0;

const CHUNK = 100;
const most = Number(values['max-violations']);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Tally {
  readonly runs: number;
  readonly violations: number;
}

async function tryWorlds(runs: number, seed: number): Promise<Tally> {
  const property = values.quiet ? quietWorldKeepsThem : anyWorldKeepsThem;
  let done = 0;
  let violations = 0;
  say(`seed ${String(seed)}`);
  for (let chunk = 0; done < runs && violations < most; chunk++) {
    const numRuns = Math.min(CHUNK, runs - done);
    const details = await fc.check(property(Number(values.commands)), { numRuns, seed: seed + chunk });
    done += details.numRuns;
    process.stderr.write(`${String(done)} runs\n`);
    if (!details.failed) continue;
    violations += 1;
    const { counterexample, errorInstance, counterexamplePath } = details;
    const words = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    say(`\nviolation ${String(violations)}: seed ${String(seed + chunk)}, path ${counterexamplePath ?? ''}`);
    say(`${fc.stringify(counterexample?.[0])}\n${words}\n`);
  }
  return { runs: done, violations };
}

/** The number of the world in which it is noticed that a guard is gone; undefined: in none. */
async function worldThatMisses(runs: number, seed: number): Promise<number | undefined> {
  const parameters = { numRuns: runs, seed, endOnFailure: true };
  const { failed, numRuns, errorInstance } = await fc.check(anyWorldKeepsThem(Number(values.commands)), parameters);
  if (!failed) return undefined;
  const words = errorInstance instanceof Error ? errorInstance.message.split('\n', 1)[0] : String(errorInstance);
  say(`${values.without ?? ''}: missed in world ${String(numRuns)} of seed ${String(seed)}: ${words ?? ''}`);
  return numRuns;
}

/** Each in a process of its own. @returns the exit code: 1 where one is not missed. */
function tryWithoutEach(): number {
  const { runs, seed, commands } = values;
  const codes = Object.keys(GUARDS).map((name) => {
    const how = ['--without', name, '--runs', runs, '--seed', seed, '--commands', commands];
    return spawnSync(process.execPath, [import.meta.filename, ...how], { stdio: 'inherit' }).status;
  });
  return codes.every((code) => code === 0) ? 0 : 1;
}

async function disturbStories(): Promise<Tally> {
  let runs = 0;
  let violations = 0;
  for (const fault of STORIES) {
    const undisturbed = await tellStory(fault);
    for (const point of pointsOf(undisturbed)) {
      runs += 1;
      const difference = await differenceAt(fault, point, undisturbed.end);
      if (difference === undefined) continue;
      violations += 1;
      say(`\nviolation ${String(violations)}: ${difference}\n`);
    }
  }
  return { runs, violations };
}

if (guard !== undefined) {
  const world = await worldThatMisses(Number(values.runs), Number(values.seed));
  if (world === undefined) say(`${values.without ?? ''}: not missed in ${values.runs} worlds of seed ${values.seed}`);
  process.exit(world === undefined ? 1 : 0);
}
const { runs, violations } = values.perturb
  ? await disturbStories()
  : await tryWorlds(Number(values.runs), Number(values.seed));
say(`${String(runs)} runs, ${String(violations)} violations`);
process.exit(violations === 0 ? 0 : 1);
