import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import Order from './hack/order.mjs'

const packages = fileURLToPath(new URL('packages/', import.meta.url))

/** Every entry point of every package, as its source: unit tests need no build before. */
const sources = readdirSync(packages).flatMap((folder) => {
  const manifest = JSON.parse(readFileSync(`${packages}${folder}/package.json`, 'utf8')) as {
    readonly name: string
    readonly exports?: Readonly<Record<string, string | { readonly default: string }>>
  }
  return Object.entries(manifest.exports ?? {}).flatMap(([door, target]) => {
    if (typeof target === 'string') return []
    const file = target.default.replace(/^\.\/dist\/(.*)\.js$/, './src/$1.ts')
    const find = new RegExp(`^${manifest.name}${door.slice(1)}$`)
    return [{ find, replacement: `${packages}${folder}/${file}` }]
  })
})

const slowness = Math.max(1, Number(process.env.KNEST_TEST_SLOWNESS ?? 1))

const onHost = {
  environment: 'node' as const,
  testTimeout: 600_000 * slowness,
  hookTimeout: 420_000 * slowness,
  setupFiles: ['e2e/src/support/on-failure.ts'],
  runner: 'hack/within-time.mjs',
}

/** How many test files are run at a time where they need no host for themselves. */
const filesAtATime = Number(process.env.KNEST_E2E_FILES ?? 2)

type Nodes = 'pod' | 'vm' | 'mixed'

/**
 * Files that run two at a time: they look at their own clusters only, leave the host and a controller alone, and
 * measure nothing that another cluster's start would lengthen (gaps of an API, waits of a killed command).
 */
const sideBySide = [
  // They bring a host of their own.
  ...['docker', 'doctor-host', 'full-disk'],
  ...[
    'apply',
    'bad-input',
    'certificates',
    'contracts',
    'create',
    'hostile-machine',
    'interrupt',
    'kind-files',
    'kubeadm',
  ],
  ...[
    'kubeconfig',
    'kubernetes-settings',
    'kubevirt-stand-in',
    'load',
    'network',
    'package',
    'pause',
    'registries',
    'render',
    'restart',
    'same-trace',
    'scale',
    'side-by-side',
  ],
  ...['status', 'stories', 'streams', 'upgrade-sole', 'upstream-examples'],
]

/**
 * Files that run two at a time after those: no controller is near them, they bear the objects of another file, and what
 * they measure bears one that mostly waits. The longest of them is as long as the others together.
 */
const besideFew = ['ha', 'kill', 'one-namespace']

/** Of those that have the host for themselves, some that go to the second host of `hack/test`: it has less to do. */
const onSecondHost = [
  ...['declared-ends', 'fixed-addresses', 'foreign'],
  // What is silent for seconds on a busy host is a fault to them.
  ...['doctor', 'doctor-ha', 'doctor-healthy'],
]

/**
 * Test files on a host, in three projects (those of pods in four, see `onSecondHost`): those of `sideBySide`, those of `besideFew` and, after them, those that have
 * the host for themselves, since they compare all its objects, change it, or bring a controller. A new file is one of
 * these.
 */
function onHostOf(nodes: Nodes, order: number, files: (file: string) => boolean) {
  const name = nodes === 'pod' ? 'e2e' : `e2e-${nodes}`
  const project = (
    more: string,
    isIn: (file: string) => boolean,
    groupOrder: number,
    maxWorkers: number,
  ) => ({
    test: {
      ...onHost,
      name: `${name}${more}`,
      include: e2eFiles.filter((file) => files(file) && isIn(file)).map((file) => `e2e/src/${file}.test.ts`),
      env: { KNEST_E2E_NODES: nodes },
      globalSetup: [
        'hack/test-folder.mjs',
        ...(nodes === 'pod' ? [] : ['e2e/src/support/kubevirt-setup.ts']),
      ],
      sequence: { groupOrder },
      maxWorkers,
    },
  })
  const isTogether = (file: string) => sideBySide.includes(file)
  const isBesideFew = (file: string) => besideFew.includes(file)
  const isAlone = (file: string) => !isTogether(file) && !isBesideFew(file)
  const isOnSecond = (file: string) => nodes === 'pod' && onSecondHost.includes(file)
  return [
    project('', isTogether, order, filesAtATime),
    project('-few', isBesideFew, order + 1, filesAtATime),
    ...(nodes === 'pod'
      ? [project('-second', (file) => isAlone(file) && isOnSecond(file), order + 2, 1)]
      : []),
    project('-alone', (file) => isAlone(file) && !isOnSecond(file), order + 3, 1),
  ]
}

/** Files for a machine that has nothing else to do: the layer `busy` of `hack/test`. */
const busy = ['busy', 'many-creates']

const e2eFiles = readdirSync(new URL('e2e/src', import.meta.url))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.test.ts'.length))

// Test files of pod nodes that run unchanged with other nodes, on the KubeVirt of the host or its stand-in.
const promises = ['create', 'network', 'scale', 'delete']
const more = ['restart', 'streams']
const most = ['interrupt', 'kill', 'pause', 'heal', 'fixed-addresses', 'vm-new-disk', 'kubernetes-settings']
const promisesOfBoth = ['network', 'scale']
// What does not fit into a CI run.
const isLong = process.env.KNEST_TEST_LONG !== undefined
const withVms = [
  ...promises,
  ...more,
  ...(isLong ? [...most, 'vm-doctor'] : []),
  'vm',
  'vm-refusals',
  'kubevirt-stand-in',
]
const withBoth = isLong ? [...promises, ...more, ...most] : promisesOfBoth

export default defineConfig({
  test: {
    // `npm run coverage`: all sources, also those that no unit test imports.
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'bench/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text', 'html'],
    },
    sequence: { sequencer: Order },
    projects: [
      {
        resolve: { alias: sources },
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
          environment: 'node',
          // Loading modules takes longer than the tests of most files: a worker loads each module once.
          isolate: false,
          // Some files wait for real programs and clocks: more of them than processors.
          maxWorkers: availableParallelism() + 1,
          // Those that run programs take their time where a fork is slow.
          testTimeout: 60_000,
          globalSetup: 'hack/test-folder.mjs',
        },
      },
      ...onHostOf('pod', 1, (file) => !/^(vm|kubevirt)/.test(file) && !busy.includes(file)),
      ...onHostOf('vm', 5, (file) => withVms.includes(file)),
      ...onHostOf('mixed', 10, (file) => withBoth.includes(file)),
      {
        test: {
          ...onHost,
          name: 'e2e-busy',
          include: busy.map((file) => `e2e/src/${file}.test.ts`),
          globalSetup: 'hack/test-folder.mjs',
          sequence: { groupOrder: 15 },
          maxWorkers: 1,
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          ...onHost,
          name: 'e2e-emulated',
          include: ['e2e/src/vm-emulated.test.ts'],
          globalSetup: 'hack/test-folder.mjs',
          sequence: { groupOrder: 20 },
        },
      },
    ],
  },
})
