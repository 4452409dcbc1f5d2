// Four projects, one a folder of test/. `npm test` runs unit and component, `npm run test:integration` the third, `npm run
// test:browser` the fourth; a path after `--` narrows each. Tests are ES modules, and swc only strips their types.
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

export default {
  // For a test that hangs: none takes this long, on however busy a machine.
  testTimeout: 120_000,
  // Dumps of the fixtures are large. A worker over this is started anew between two files.
  workerIdleMemoryLimit: '700MB',
  projects: ['unit', 'component', 'integration', 'browser'].map(project),
};
