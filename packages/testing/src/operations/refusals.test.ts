import { expect, test } from 'vitest'
import {
  createClusters,
  KnestError,
  PreflightError,
  type ClusterPhase,
  type ClusterSpec,
  type Clusters,
  type NodeBackend,
  type Problem,
} from '@knest/core'
import { createFakeClusterHome } from '../fake-cluster-home.js'
import { createFakeNodeBackend } from '../fake-node-backend.js'
import { sampleSpec } from '../sample-spec.js'

const ref = { name: 'q', namespace: 'knest-q' }
const persistent: ClusterSpec = { ...sampleSpec, persistence: { enabled: true } }

/** Both ways of one operation: what `--dry-run` does, and what the command does. */
interface Case {
  readonly dryRun: (clusters: Clusters) => Promise<unknown>
  readonly command: (clusters: Clusters) => Promise<unknown>
}

const run = {
  signal: new AbortController().signal,
  timeoutMs: 10_000,
  progress: {
    phase: (_title: string, work: (progress: never) => Promise<unknown>) => work(run.progress),
    note: () => undefined,
    warn: () => undefined,
  } as never,
}

const cases = {
  create: withSpec(persistent, 'create'),
  apply: withSpec(
    { ...persistent, workers: persistent.workers.map((pool) => ({ ...pool, count: 2 })) },
    'apply',
  ),
  scale: {
    dryRun: (clusters) => clusters.planScale(ref, { pools: { worker: 2 } }, run),
    command: (clusters) => clusters.scale(ref, { pools: { worker: 2 } }, run),
  },
  upgrade: upgradeTo('1.35.9'),
  pause: {
    dryRun: (clusters) => clusters.planPause(ref, run),
    command: (clusters) => clusters.pause(ref, run),
  },
  resume: {
    dryRun: (clusters) => clusters.planResume(ref, run),
    command: (clusters) => clusters.resume(ref, run),
  },
  certificates: {
    dryRun: (clusters) => clusters.planRenewal(ref, { all: true }, run),
    command: (clusters) => clusters.renewCertificates(ref, { all: true }, run),
  },
  delete: {
    dryRun: (clusters) => clusters.planDelete(ref, { ...run, keepData: false }),
    command: (clusters) => clusters.delete(ref, { ...run, keepData: false }),
  },
} satisfies Record<string, Case>

type Name = keyof typeof cases

function withSpec(spec: ClusterSpec, verb: 'create' | 'apply'): Case {
  return verb === 'create'
    ? {
        dryRun: (clusters) => clusters.planCreate(ref, spec, run),
        command: (clusters) => clusters.create(ref, spec, run),
      }
    : {
        dryRun: (clusters) => clusters.planApply(ref, spec, run),
        command: (clusters) => clusters.apply(ref, spec, run),
      }
}

function upgradeTo(kubernetesVersion: string): Case {
  return {
    dryRun: (clusters) => clusters.planUpgrade(ref, { kubernetesVersion }, run),
    command: (clusters) => clusters.upgrade(ref, { kubernetesVersion }, run),
  }
}

/** What is right, by hand: the words with which a phase refuses an operation; absent: it goes on. */
const notCreated = 'cluster "q" is not completely created yet'
const noNodes = 'cluster "q" was deleted with --keep-data: it has no nodes'
const exists = 'cluster "q" exists in namespace "knest-q"'
const paused = 'cluster "q" is paused'
const deleting = 'cluster "q" is being deleted'
const notPaused = (phase: string): string => `cluster "q" is not paused: it is ${phase}`

const expected: Record<ClusterPhase, Partial<Record<Name, string>>> = {
  Creating: {
    apply: 'cluster "q" is half created, with other settings',
    scale: notCreated,
    upgrade: notCreated,
    pause: notCreated,
    resume: notPaused('Creating'),
  },
  Ready: { create: exists, resume: notPaused('Ready') },
  Degraded: { create: exists, resume: notPaused('Degraded') },
  Scaling: { create: exists, resume: notPaused('Scaling') },
  Upgrading: {
    create: exists,
    pause: 'cluster "q" is half-way to Kubernetes 1.35.4',
    upgrade: 'cluster "q" is half-way to Kubernetes 1.35.4',
    resume: notPaused('Upgrading'),
  },
  Paused: { create: paused, apply: paused, scale: paused, upgrade: paused, certificates: paused },
  Resuming: { create: paused, apply: paused, scale: paused, upgrade: paused, certificates: paused },
  Deleting: {
    create: deleting,
    apply: deleting,
    scale: deleting,
    upgrade: deleting,
    pause: deleting,
    certificates: deleting,
    resume: notPaused('Deleting'),
  },
  Kept: {
    apply: 'cluster "q" kept its data, with other settings',
    scale: noNodes,
    upgrade: noNodes,
    pause: noNodes,
    resume: notPaused('Kept'),
  },
  Failed: { create: exists, resume: notPaused('Failed') },
}

/** Nobody refused: the operation has come to asking the host for nodes, which this one cannot. */
const goesOn = 'the host has no nodes'

const rows = (Object.keys(expected) as ClusterPhase[]).flatMap((phase) =>
  (Object.keys(cases) as Name[]).map((name) => [phase, name, expected[phase][name] ?? goesOn] as const),
)

test.each(rows)('%s: %s', async (phase, name, message) => {
  const clusters = await clusterIn(phase, persistent)
  const dryRun = await failureOf(cases[name].dryRun(clusters))
  const command = await failureOf(cases[name].command(clusters))
  expect(dryRun).toEqual(command)
  expect(dryRun.message).toBe(message)
})

/** What an operation refuses for its request or the host, on a cluster that is Ready. */
const requests: readonly {
  readonly what: string
  readonly of: Case
  readonly message: RegExp
  readonly spec?: ClusterSpec
}[] = [
  {
    what: 'scale to an even number of control planes',
    of: {
      dryRun: (clusters) => clusters.planScale(ref, { controlPlane: 2 }, run),
      command: (clusters) => clusters.scale(ref, { controlPlane: 2 }, run),
    },
    message: /even|odd/,
  },
  {
    what: 'scale of a pool that is not there',
    of: {
      dryRun: (clusters) => clusters.planScale(ref, { pools: { gpu: 1 } }, run),
      command: (clusters) => clusters.scale(ref, { pools: { gpu: 1 } }, run),
    },
    message: /gpu/,
  },
  { what: 'downgrade', of: upgradeTo('1.34.0'), message: /downgrade/ },
  { what: 'upgrade to an image the host has not', of: upgradeTo('1.36.3'), message: /the host has no image/ },
  {
    what: 'apply of another pod network',
    of: withSpec(
      { ...persistent, network: { ...persistent.network, podNetworkCidr: ['10.99.0.0/16'] } },
      'apply',
    ),
    message: /network/,
  },
  {
    what: 'pause of disks that go with their nodes',
    of: cases.pause,
    message: /is not persistent/,
    spec: sampleSpec,
  },
  {
    what: 'delete --keep-data of the same',
    of: {
      dryRun: (clusters) => clusters.planDelete(ref, { ...run, keepData: true }),
      command: (clusters) => clusters.delete(ref, { ...run, keepData: true }),
    },
    message: /is not persistent/,
    spec: sampleSpec,
  },
]

test.each(requests)('$what', async ({ of, message, spec = persistent }) => {
  const clusters = await clusterIn('Ready', spec)
  const refused = await failureOf(of.dryRun(clusters))
  expect(await failureOf(of.command(clusters))).toEqual(refused)
  expect(refused.message).toMatch(message)
})

test('a create on a host that does not fit', async () => {
  const clusters = createClusters({
    home: createFakeClusterHome(),
    backend: () => Promise.resolve(backend()),
  })
  const spec = { ...persistent, image: 'missing:v1.36.3' }
  const of = withSpec(spec, 'create')
  const refused = await failureOf(of.dryRun(clusters))
  expect(await failureOf(of.command(clusters))).toEqual(refused)
  expect(refused.message).toMatch(/the host has no image/)
})

test('scaling to what there is not room for is refused before the record is changed', async () => {
  const home = createFakeClusterHome()
  const full: Problem = { severity: 'error', message: 'only 1 address is free', hint: 'give more' }
  const clusters = createClusters({
    home,
    backend: () => Promise.resolve(backend()),
    addressAdapter: () =>
      Promise.resolve({ name: 'calico', preflight: () => Promise.resolve([full]) } as never),
  })
  const persistence = { enabled: true, addresses: ['10.0.0.1'], hostClusterCni: 'calico' } as const
  await home.create(ref, { ...sampleSpec, persistence }, run.signal)
  await home.setStatus(ref, { phase: 'Ready', conditions: [] }, run.signal)
  const refused = await failureOf(cases.scale.dryRun(clusters))
  expect(await failureOf(cases.scale.command(clusters))).toEqual(refused)
  expect(refused.message).toBe('only 1 address is free')
  expect(await home.read(ref, run.signal)).toMatchObject({
    phase: 'Ready',
    spec: { workers: [{ count: 1 }] },
  })
})

/** A cluster in this phase, on a host that answers everything but which nodes there are. */
async function clusterIn(phase: ClusterPhase, spec: ClusterSpec): Promise<Clusters> {
  const home = createFakeClusterHome()
  await home.create(ref, spec, run.signal)
  await home.setStatus(ref, { phase, conditions: [] }, run.signal)
  // What a command says of the phase it is in must not change what the next one finds.
  const setStatus = (): Promise<void> => Promise.resolve()
  return createClusters({ home: { ...home, setStatus }, backend: () => Promise.resolve(backend()) })
}

function backend(): NodeBackend {
  return {
    ...createFakeNodeBackend(),
    listNodes: () => Promise.reject(new KnestError('prerequisite', goesOn)),
    preflight: ({ image }) =>
      Promise.resolve(
        image.endsWith(':v1.36.3')
          ? [{ severity: 'error', message: `the host has no image "${image}"`, hint: 'load it' }]
          : [],
      ),
  }
}

async function failureOf(work: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    const { code, message, hint } = error
    return { code, message, hint, problems: error instanceof PreflightError ? error.problems : [] }
  }
  throw new Error('nothing was refused')
}

test.each([
  ['Ready', 'knest scale q 1:1'],
  ['Degraded', 'knest heal q'],
] as const)('create of a cluster that is %s offers %s', async (phase, command) => {
  const clusters = await clusterIn(phase, persistent)
  await expect(clusters.create(ref, persistent, run)).rejects.toMatchObject({
    code: 'already-exists',
    hint: expect.stringContaining(command) as string,
  })
})
