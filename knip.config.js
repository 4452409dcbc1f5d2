// `npm run lint` looks twice. Once over everything: an export that no other file reads is not exported. Once with
// `--production`, where tests do not count (only what ends in `!` does): code that tests alone keep alive is dead. There an
// export may be for a test, as long as its own file uses it.
const production = process.argv.includes('--production');

export default {
  entry: [
    'src/bin/*.ts!',
    // The generator bundles it.
    'src/cli/ui/browser/main.ts!',
    // npm scripts name the rest.
    ...(production ? ['tools/{generate,release}/main.ts!'] : []),
    'tools/release/inject-blob.ts!',
    'test/**/*.test.ts',
    'test/{demo,e2e,bench,model,mutation,score,release}/main.ts',
    // Stryker loads the first two, and tests the third.
    'test/mutation/{runner,ignored,registry}.ts',
    'test/browser/write{,-page}.ts',
    'test/bench/parse-lines.ts',
    'test/support/stacks/record.ts',
    'scripts/*.mjs',
  ],
  project: ['src/**/*.ts!', 'tools/**/*.ts!', 'test/**/*.ts', 'scripts/*.mjs'],
  ignoreExportsUsedInFile: production,
  ignoreBinaries: ['openssl', 'go', 'mkfifo', 'unshare', 'pdftoppm'],
};
