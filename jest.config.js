import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Six projects, each a folder of test/. `npm test` runs unit and component, `npm run test:NAME` one of the others; a path
// after `--` narrows each. Tests are ES modules, and swc only strips their types.
const project = (displayName) => ({
  displayName,
  testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`],
  testEnvironment: '<rootDir>/test/support/jest-environment.ts',
  // A run of `npm run mutate` has a copy of all of this there.
  modulePathIgnorePatterns: ['<rootDir>/.stryker/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
});

/** Those of which `npm test` does a part (test/support/sizes.ts). The project `long` does all of them. */
const inPart = globSync('test/{unit,component}/**/*.test.ts', { cwd: import.meta.dirname }).filter((path) =>
  readFileSync(join(import.meta.dirname, path), 'utf8').includes('/support/sizes.ts'),
);

const long = project('long');

export default {
  // For a test that hangs: none takes this long, on however busy a machine.
  testTimeout: 120_000,
  // Dumps of the fixtures are large. A worker over this is started anew between two files.
  workerIdleMemoryLimit: '700MB',
  projects: [
    ...['unit', 'component', 'integration', 'browser', 'release'].map(project),
    {
      ...long,
      testMatch: [...long.testMatch, ...inPart.map((path) => `<rootDir>/${path}`)],
      globals: { isLong: true },
    },
  ],
};
