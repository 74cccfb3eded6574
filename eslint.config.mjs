import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  // e2e/src/package.test.ts compiles the example, by the types that are packed.
  {
    ignores: ['examples/**', '**/dist/**', '**/node_modules/**', '.cache/**', 'coverage/**', '**/.turbo/**'],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts', 'vitest.mutants.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Objects of other people's kinds are read through narrow functions; these two only add noise there.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    // What Node ends with a signal, it ends with an AbortError, whatever the reason of the signal says.
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/cli/**', 'packages/testing/**', '**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'node:timers/promises',
          importNames: ['setTimeout'],
          message: 'take pause() of core/src/signals.ts: it ends with the reason of the signal',
        },
      ],
    },
  },
  {
    // A file that grows beyond this has become two.
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/testing/**', '**/*.test.ts'],
    rules: { 'max-lines': ['error', 300] },
  },
  {
    // Node 20 collects AbortSignal.timeout inside AbortSignal.any together with its timer: it never fires.
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/core/src/signals.ts', '**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='AbortSignal'][callee.property.name='any']",
          message: 'take anySignal() of core/src/signals.ts: its time limits fire',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
)
