import { defineConfig } from 'vitest/config'
import all from './vitest.config.js'

/** The unit tests beside what `stryker.config.mjs` changes, and those of the address adapters, which run the allocator. */
const besides = ['plan', 'health', 'etcd', 'addresses'].map(
  (room) => `packages/core/src/${room}/**/*.test.ts`,
)

const unit = all.test?.projects?.find(
  (project) => typeof project === 'object' && 'test' in project && project.test?.name === 'unit',
)
if (typeof unit !== 'object' || !('test' in unit)) throw new Error('vitest.config.ts has no project "unit"')

export default defineConfig({
  ...unit,
  test: {
    ...unit.test,
    include: [
      ...besides,
      'packages/cli/src/kubeconfig/**/*.test.ts',
      'packages/persistent-ip-*/src/**/*.test.ts',
    ],
  },
})
