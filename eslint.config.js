import tseslint from 'typescript-eslint';

const worldly = [
  { object: 'Date', property: 'now', message: 'Time is a parameter: use the Clock port.' },
  { object: 'Math', property: 'random', message: 'Chance is a parameter: use the Random port.' },
  { object: 'process', property: 'env', message: 'The environment is read in src/bin only.' },
];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      '.stryker/',
      'node_modules/',
      'coverage/',
      'charts/',
      'manifests/',
      'test/fixtures/',
      // Generated.
      'src/cli/ui/page/script.ts',
      '.dependency-cruiser.cjs',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'max-lines': ['error', { max: 250, skipComments: true, skipBlankLines: true }],
      // 10 branches, and some room, since ESLint counts each `?.` and `??` as one.
      complexity: ['error', 12],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'max-params': ['error', 4],
      'max-depth': ['error', 3],
      'no-console': 'error',
    },
  },
  {
    // Time, chance and the environment reach the program through ports; only the adapters and composition roots touch them.
    files: ['src/**/*.ts'],
    // A browser has a clock of its own.
    ignores: ['src/bin/**', 'src/platform/**', 'src/cli/ui/browser/**'],
    rules: {
      'no-restricted-properties': ['error', ...worldly],
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: 'Use Clock.sleep.' },
        { name: 'setInterval', message: 'Use Clock.sleep.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/bin/**', 'tools/**', 'src/cli/**', 'test/demo/**', 'test/e2e/**', 'test/bench/**', 'test/score/**'],
    rules: { 'no-console': 'off' },
  },
);
