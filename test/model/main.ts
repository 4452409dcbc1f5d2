/**
 * `npm run model -- --runs 10000 [--seed N]`: as many worlds as asked for, and the shortest story of each violation.
 * `--quiet`: worlds in which nothing but nodes is ill. `--perturb`: standard stories, disturbed at each point.
 */
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { differenceAt, pointsOf, STORIES, tellStory } from './perturb.ts';
import { anyWorldKeepsThem, quietWorldKeepsThem } from './run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    commands: { type: 'string', default: '14' },
    quiet: { type: 'boolean', default: false },
    perturb: { type: 'boolean', default: false },
    'max-violations': { type: 'string', default: '5' },
  },
});

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

const { runs, violations } = values.perturb
  ? await disturbStories()
  : await tryWorlds(Number(values.runs), Number(values.seed));
say(`${String(runs)} runs, ${String(violations)} violations`);
process.exit(violations === 0 ? 0 : 1);
