import { beforeAll } from 'vitest'
import { createClusters, silentProgress } from '@knest/core'
import type {
  ClusterPhase,
  ClusterRecord,
  Clusters,
  ClusterSpec,
  NodeBackend,
  Progress,
  RunOptions,
} from '@knest/core'
import { createFakeClusterHome, type FakeClusterHome } from '../fake-cluster-home.js'
import { createFakeNestedNodes, type FakeNestedNodes } from '../fake-nested-nodes.js'
import { sampleSpec } from '../sample-spec.js'

export const ref = { name: 'q', namespace: 'knest-q' }

/** One control plane and one worker; nobody waits for an address that this machine would reach. */
export const spec: ClusterSpec = { ...sampleSpec, endpoint: { serviceType: 'ClusterIP' } }
export const persistent: ClusterSpec = { ...spec, persistence: { enabled: true } }

export function withWorkers(count: number, of = spec): ClusterSpec {
  return { ...of, workers: of.workers.map((pool) => ({ ...pool, count })) }
}

export const never: AbortSignal = new AbortController().signal
export const run: RunOptions = { signal: never, timeoutMs: 20_000, progress: silentProgress }

/** A progress that keeps what it is told. */
export function recordingProgress(): Progress & { readonly notes: string[]; readonly warnings: string[] } {
  const notes: string[] = []
  const warnings: string[] = []
  const progress: Progress = {
    phase: (_title, work) => work(progress),
    note: (text) => void notes.push(text),
    warn: (text) => void warnings.push(text),
  }
  return { ...progress, notes, warnings }
}

export interface Fixture {
  readonly clusters: Clusters
  readonly home: FakeClusterHome
  /** Every write of a record, as in `create`, `update`, `Ready`. */
  readonly writes: string[]
  readonly nodes: FakeNestedNodes
  /** Throws when there is none. */
  readonly record: () => Promise<ClusterRecord>
  readonly phase: () => Promise<ClusterPhase | undefined>
}

/** The real operations on a home and nodes in memory. `change` gives the backend other manners. */
export function createFixture(change: (backend: NodeBackend) => NodeBackend = (backend) => backend): Fixture {
  const memory = createFakeClusterHome()
  const writes: string[] = []
  const home: FakeClusterHome = {
    ...memory,
    create: (...given) => {
      writes.push('create')
      return memory.create(...given)
    },
    update: (...given) => {
      writes.push('update')
      return memory.update(...given)
    },
    accept: (...given) => {
      writes.push('accept')
      return memory.accept?.(...given) ?? Promise.reject(new Error('the fake accepts'))
    },
    setStatus: (target, status, signal) => {
      if (writes.at(-1) !== status.phase) writes.push(status.phase)
      return memory.setStatus(target, status, signal)
    },
  }
  const nodes = createFakeNestedNodes(() => memory.readAuthorities(ref, never))
  const backend = change(nodes.backend)
  const clusters = createClusters({ home, backend: () => Promise.resolve(backend) })
  const record = async (): Promise<ClusterRecord> => {
    const found = await home.read(ref, never)
    if (found === undefined) throw new Error('there is no record')
    return found
  }
  return { clusters, home, writes, nodes, record, phase: async () => (await home.read(ref, never))?.phase }
}

/** The same with a cluster that was created, and nothing noted of how. */
export async function createdFixture(
  of = spec,
  change?: (backend: NodeBackend) => NodeBackend,
): Promise<Fixture> {
  const fixture = createFixture(change)
  await fixture.clusters.create(ref, of, run)
  fixture.writes.length = 0
  fixture.nodes.done.length = 0
  return fixture
}

// The first create of a process loads libraries, which takes seconds on a busy machine.
beforeAll(async () => {
  await createdFixture()
}, 120_000)
