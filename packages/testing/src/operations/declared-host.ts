import { createClusters, createKubernetesHome, nestedClusterCrd, nestedClusterKind } from '@knest/core'
import type { ClusterCondition, Clusters, KubeApi, KubeObject, NodeBackend } from '@knest/core'
import { createFakeKubeApi, type FakeKubeApi } from '../fake-kube-api.js'
import { createFakeNestedNodes } from '../fake-nested-nodes.js'
import { endsWait, kstatusOf } from '../read-conditions.js'
import { never, ref, run, spec, withWorkers } from './fixture.js'

const kinds = [
  ...['Namespace', 'Service', 'Secret'].map((kind) => ({ apiVersion: 'v1', kind })),
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { ...nestedClusterKind, statusSubresource: true },
]

export interface DeclaredHost {
  readonly clusters: Clusters
  readonly object: () => Promise<KubeObject>
  readonly condition: (type: string) => Promise<ClusterCondition | undefined>
  /** What somebody does with kubectl. */
  readonly patchSpec: (patch: object) => Promise<void>
  /** How kstatus and kubectl wait saw the object, after every write of it. */
  readonly seen: string[]
  readonly refuse: (reason: string | undefined) => void
  readonly memory: FakeKubeApi
  /** Node names. */
  readonly nodes: () => readonly string[]
  readonly loseNodes: () => void
  readonly loseNode: (name: string) => void
}

/** What knest sees of the host. */
type Through = (api: KubeApi) => KubeApi

/** The real operations on the objects of a host in memory, where a cluster was declared. */
export async function openHost(declared = spec, through: Through = (api) => api): Promise<DeclaredHost> {
  const memory = createFakeKubeApi(kinds)
  const established = { conditions: [{ type: 'Established', status: 'True' }] }
  const keep = { 'knest.dev/keep': 'true' }
  const crd = nestedClusterCrd()
  await memory.create(
    { ...crd, metadata: { ...crd.metadata, annotations: keep }, status: established },
    { signal: never },
  )
  const api = through({
    ...memory,
    apply: (object, options) => memory.apply(withClusterIp(object), options),
  })
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
    memory,
    refuse: (reason) => void (problem = reason),
    nodes: () => [...nodes.nodes.keys()].sort(),
    loseNodes: () => {
      nodes.nodes.clear()
    },
    loseNode: (name) => void nodes.nodes.delete(name),
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

export async function readyHost(declared = spec, through?: Through): Promise<DeclaredHost> {
  const host = await openHost(declared, through)
  await host.clusters.reconcile(ref, run)
  host.seen.length = 0
  return host
}

export const workers = (count: number): object => ({ workers: withWorkers(count).workers })
