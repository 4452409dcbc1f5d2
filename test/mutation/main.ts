/**
 * `npm run mutate`: changes the code in small ways, and looks whether a test fails for each (https://stryker-mutator.io).
 * `-- PART...` for the parts of that name or below it (`core/decision`, `agent/act`). What is known of a mutant whose code
 * and tests have not changed is not found out again; `--force` does. Exits 1 where a part misses its goal.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { MutantResult, PartialStrykerOptions } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';
import { type Part, PARTS } from './parts.ts';

/** Not in git. Reports stay between runs. */
const FOLDER = '.stryker';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { force: { type: 'boolean', default: false }, concurrency: { type: 'string', default: '1' } },
});

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

function optionsOf(name: string, { mutate, tests }: Part): PartialStrykerOptions {
  const file = `${FOLDER}/${name.replaceAll('/', '-')}`;
  return {
    mutate: [...mutate],
    mutator: {
      // Texts for people; and names that are compared, which are members of unions: another one does not compile. Nor does a
      // `?.` without its `?`: the compiler asks for it, and the linter for no more.
      excludedMutations: ['StringLiteral', 'OptionalChaining'],
    },
    ignorers: ['ignored'],
    plugins: [here('runner.ts'), here('ignored.ts')],
    testRunner: 'in-process',
    coverageAnalysis: 'perTest',
    // Of runner.ts, and unknown to Stryker.
    inProcess: { tests },
    warnings: { unknownOptions: false, preprocessorErrors: true, unserializableOptions: true, slow: true },
    concurrency: Number(values.concurrency),
    // Most endless loops end by their number of turns; this is for a machine that is busy.
    timeoutMS: 60_000,
    incremental: true,
    incrementalFile: `${file}.json`,
    force: values.force,
    // Of its own, for two parts may be run at once.
    tempDirName: `${file}-sandbox`,
    ignorePatterns: ['/.stryker', '/docs', '/charts', '/manifests', '/dist', '/examples'],
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { logTests: false, reportTests: false, allowColor: false, reportScoreTable: false },
    disableTypeChecks: false,
    allowConsoleColors: false,
  };
}

/** Stryker's own reading: a mutant that hangs the tests is found; one that no test reaches is not. */
function scoreOf(results: readonly MutantResult[]): { readonly found: number; readonly all: number } {
  const count = (...kinds: readonly MutantResult['status'][]): number =>
    results.filter(({ status }) => kinds.includes(status)).length;
  const found = count('Killed', 'Timeout');
  return { found, all: found + count('Survived', 'NoCoverage') };
}

const chosen = Object.entries(PARTS).filter(
  ([name]) => positionals.length === 0 || positionals.some((part) => `${name}/`.startsWith(`${part}/`)),
);
if (chosen.length === 0) throw new Error(`there are these parts: ${Object.keys(PARTS).join(', ')}`);

const lines: string[] = [];
for (const [name, part] of chosen) {
  const { found, all } = scoreOf(await new Stryker(optionsOf(name, part)).runMutationTest());
  const score = (100 * found) / all;
  if (score < part.goal) process.exitCode = 1;
  lines.push(`${name}: ${found} of ${all} mutants found, ${score.toFixed(1)} % (goal ${part.goal} %)`);
}
process.stdout.write(`${lines.join('\n')}\n`);
