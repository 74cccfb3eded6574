import { describe, expect, test } from 'vitest'
import {
  createClusters,
  createKubernetesHome,
  nestedClusterCrd,
  nestedClusterKind,
  PreflightError,
} from '@knest/core'
import type { ClusterCondition, Clusters, KubeApi, KubeObject, NodeBackend } from '@knest/core'
import { createFakeKubeApi } from '../fake-kube-api.js'
import { createFakeNestedNodes } from '../fake-nested-nodes.js'
import { endsWait, kstatusOf } from '../read-conditions.js'
import { never, persistent, ref, run, spec, withWorkers } from './fixture.js'

const kinds = [
  ...['Namespace', 'Service', 'Secret'].map((kind) => ({ apiVersion: 'v1', kind })),
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { ...nestedClusterKind, statusSubresource: true },
]

interface Host {
  readonly clusters: Clusters
  readonly object: () => Promise<KubeObject>
  readonly condition: (type: string) => Promise<ClusterCondition | undefined>
  /** What somebody does with kubectl. */
  readonly patchSpec: (patch: object) => Promise<void>
  /** How kstatus and kubectl wait saw the object, after every write of it. */
  readonly seen: string[]
  readonly refuse: (reason: string | undefined) => void
}

/** The real operations on the objects of a host in memory. */
async function openHost(declared = spec): Promise<Host> {
  const memory = createFakeKubeApi(kinds)
  const established = { conditions: [{ type: 'Established', status: 'True' }] }
  const keep = { 'knest.dev/keep': 'true' }
  const crd = nestedClusterCrd()
  await memory.create(
    { ...crd, metadata: { ...crd.metadata, annotations: keep }, status: established },
    { signal: never },
  )
  const api: KubeApi = {
    ...memory,
    apply: (object, options) => memory.apply(withClusterIp(object), options),
  }
  const home = createKubernetesHome(api)
  const nodes = createFakeNestedNodes(() => home.readAuthorities(ref, never))
  let problem: string | undefined
  const backend: NodeBackend = {
    ...nodes.backend,
    preflight: () =>
      Promise.resolve(
        problem === undefined ? [] : [{ severity: 'error', message: problem, hint: 'change it' }],
      ),
  }
  const clusters = createClusters({
    home: { ...home, inspect: () => Promise.resolve(facts), apiUrls: () => Promise.resolve([]) },
    backend: () => Promise.resolve(backend),
  })
  await memory.create({ ...nestedClusterKind, metadata: ref, spec: declared }, { signal: never })
  // As a real API server gives an object without a status.
  const { default: status } = crd.spec.versions[0].schema.openAPIV3Schema.properties.status as {
    default: object
  }
  await memory.patch(
    nestedClusterKind,
    ref.name,
    ref.namespace,
    { status },
    { signal: never, subresource: 'status' },
  )
  const seen: string[] = []
  memory.onChange((object) => {
    if (object.kind !== nestedClusterKind.kind) return
    const now = `${kstatusOf(object)} ${endsWait(object, 'Ready') ? 'ready' : '-'}`
    if (seen.at(-1) !== now) seen.push(now)
  })
  const object = async (): Promise<KubeObject> => {
    const found = await memory.get(nestedClusterKind, ref.name, ref.namespace, never)
    if (found === undefined) throw new Error('there is no object')
    return found
  }
  return {
    clusters,
    object,
    seen,
    condition: async (type) =>
      ((await object()).status as { conditions: readonly ClusterCondition[] }).conditions.find(
        (each) => each.type === type,
      ),
    patchSpec: async (patch) => {
      await memory.patch(nestedClusterKind, ref.name, ref.namespace, { spec: patch }, { signal: never })
    },
    refuse: (reason) => void (problem = reason),
  }
}

function withClusterIp(object: KubeObject): KubeObject {
  if (object.kind !== 'Service') return object
  return { ...object, spec: { clusterIP: '192.0.2.1', ...(object.spec as object) } }
}

const facts = {
  occupied: [],
  cni: undefined,
  tunnelPorts: [],
  podMtu: 1450,
  serviceType: 'ClusterIP' as const,
  problems: [],
}

async function readyHost(declared = spec): Promise<Host> {
  const host = await openHost(declared)
  await host.clusters.reconcile(ref, run)
  host.seen.length = 0
  return host
}

const workers = (count: number): object => ({ workers: withWorkers(count).workers })

describe('what tools see that know nothing of knest', () => {
  test('an object that nobody has looked at is in progress, until the cluster is Ready', async () => {
    const { clusters, object, condition, seen } = await openHost()
    expect(kstatusOf(await object())).toBe('InProgress')
    await clusters.reconcile(ref, run)
    expect(seen).toEqual(['InProgress -', 'Current ready'])
    const { metadata, status } = await object()
    expect(status).toMatchObject({ phase: 'Ready', observedGeneration: metadata.generation })
    for (const type of ['Ready', 'Accepted', 'AddonsInstalled'])
      expect(await condition(type)).toMatchObject({ status: 'True', observedGeneration: metadata.generation })
    expect(await condition('Reconciling')).toBeUndefined()
  })

  test('a change is waited for from the moment it is written until it is done', async () => {
    const { clusters, condition, object, patchSpec, seen } = await readyHost()
    const before = await condition('Ready')
    await patchSpec(workers(2))
    expect(endsWait(await object(), 'Ready')).toBe(false)
    await clusters.reconcile(ref, run)
    expect(seen).toEqual(['InProgress -', 'Current ready'])
    const { generation } = (await object()).metadata
    expect(await condition('Ready')).toMatchObject({ status: 'True', observedGeneration: generation })
    expect((await condition('Ready'))?.lastTransitionTime).not.toBe(before?.lastTransitionTime)
  })

  test('Ready is False before anything is checked', async () => {
    const { clusters, condition, patchSpec, refuse, seen, object } = await readyHost()
    await patchSpec(workers(2))
    refuse('the host is full')
    await expect(clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    // As it was, and not as it was asked to be: who waits for the change goes on waiting.
    expect(await condition('Ready')).toMatchObject({ status: 'True', observedGeneration: 1 })
    expect(await condition('Stalled')).toMatchObject({ status: 'True', reason: 'Refused' })
    expect(seen).toEqual(['InProgress -', 'Failed -'])
    const refused = await object()
    await expect(clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    expect(await object()).toEqual(refused)
    // Neither does it end when somebody has the cluster looked at by hand.
    await clusters.heal(ref, run)
    expect(endsWait(await object(), 'Ready')).toBe(false)

    refuse(undefined)
    await clusters.reconcile(ref, run)
    expect(seen.at(-1)).toBe('Current ready')
    expect(await condition('Stalled')).toBeUndefined()
  })

  test('a change that is none is Current at the next look, without being made', async () => {
    const { clusters, condition, object, patchSpec, seen } = await readyHost()
    const before = await condition('Ready')
    await patchSpec({ network: { ...spec.network, mtu: spec.network.mtu + 1 } })
    expect(kstatusOf(await object())).toBe('InProgress')
    await clusters.reconcile(ref, run)
    expect(seen).toEqual(['InProgress -', 'Current ready'])
    expect(await condition('Ready')).toMatchObject({
      status: 'True',
      lastTransitionTime: before?.lastTransitionTime,
      observedGeneration: 2,
    })
  })

  test('one that is refused at once is taken back, and that is Current, too', async () => {
    const { clusters, object, patchSpec, seen } = await readyHost()
    await patchSpec({ network: { ...spec.network, podNetworkCidr: ['10.222.0.0/16'] } })
    await expect(clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    expect(kstatusOf(await object())).toBe('Failed')
    await patchSpec({ network: spec.network })
    expect(endsWait(await object(), 'Ready')).toBe(false)
    await clusters.reconcile(ref, run)
    expect(seen.at(-1)).toBe('Current ready')
  })

  test('a look that finds nothing new writes nothing', async () => {
    const { clusters, object, patchSpec } = await readyHost()
    await patchSpec(workers(2))
    await clusters.reconcile(ref, run)
    await clusters.reconcile(ref, run)
    const settled = await object()
    await clusters.reconcile(ref, run)
    expect(await object()).toEqual(settled)
  })

  test('what a command changes is seen the same way', async () => {
    const { clusters, seen } = await readyHost()
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect(seen).toEqual(['InProgress -', 'Current ready'])
  })

  test('a cluster that is paused is not Ready', async () => {
    const { clusters, condition, seen } = await readyHost(persistent)
    await clusters.pause(ref, run)
    expect(await condition('Ready')).toMatchObject({ status: 'False', reason: 'Paused' })
    await clusters.resume(ref, run)
    expect(seen.at(-1)).toBe('Current ready')
  })
})
