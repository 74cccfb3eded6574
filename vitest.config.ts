import { defineConfig } from 'vitest/config'

const onHost = {
  environment: 'node',
  fileParallelism: false,
  testTimeout: 600_000,
  hookTimeout: 420_000,
} as const

/** Runs test files of pod nodes unchanged with other nodes, on the KubeVirt of the host or its stand-in. */
function withVms(nodes: 'vm' | 'mixed', files: readonly string[]) {
  return {
    test: {
      ...onHost,
      name: `e2e-${nodes}`,
      include: files.map((file) => `e2e/src/${file}.test.ts`),
      env: { KNEST_E2E_NODES: nodes },
      globalSetup: ['hack/test-folder.mjs', 'e2e/src/support/kubevirt-setup.ts'],
    },
  }
}

const promises = ['create', 'network', 'scale', 'delete']
const more = ['interrupt', 'restart', 'fixed-addresses', 'streams']
const most = ['kill', 'pause', 'heal']
// What does not fit into a CI run.
const isLong = process.env.KNEST_TEST_LONG !== undefined

export default defineConfig({
  test: {
    // `npm run coverage`: all sources, also those that no unit test imports.
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'bench/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text', 'html'],
    },
    projects: [
      {
        // Unit tests read the sources of other rooms, so that they need no build before.
        ssr: { resolve: { conditions: ['knest-source', 'module', 'node', 'development|production'] } },
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
          environment: 'node',
          globalSetup: 'hack/test-folder.mjs',
        },
      },
      {
        test: {
          ...onHost,
          name: 'e2e',
          include: ['e2e/src/**/*.test.ts'],
          exclude: ['e2e/src/vm*.test.ts'],
          globalSetup: 'hack/test-folder.mjs',
        },
      },
      withVms('vm', [...promises, ...more, ...(isLong ? most : []), 'vm', 'vm-refusals']),
      withVms('mixed', [...promises, ...(isLong ? [...more, ...most] : [])]),
      {
        test: {
          ...onHost,
          name: 'e2e-emulated',
          include: ['e2e/src/vm-emulated.test.ts'],
          globalSetup: 'hack/test-folder.mjs',
        },
      },
    ],
  },
})
