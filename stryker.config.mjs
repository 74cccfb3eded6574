// Mutation tests of what decides about nodes, members, addresses and kubeconfigs: `npm run mutants`, by hand, for half
// an hour. A part of it: `npm run mutants -- --mutate packages/core/src/etcd/quorum.ts`.
const rooms = ['plan', 'health', 'etcd', 'addresses'].map((room) => `packages/core/src/${room}/**/*.ts`)

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutants.config.ts' },
  mutate: [...rooms, 'packages/cli/src/kubeconfig/*.ts', '!**/*.test.ts', '!**/fake-*.ts', '!**/index.ts'],
  // Messages and titles are the matter of the tests of commands.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  concurrency: 1,
  tempDirName: '.cache/mutants',
  incremental: true,
  incrementalFile: '.cache/mutants.json',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: '.cache/mutants-report.json' },
  clearTextReporter: { allowColor: false, reportTests: false, reportMutants: true },
}
