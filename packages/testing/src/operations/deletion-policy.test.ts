import { describe, expect, test } from 'vitest'
import { createKubernetesHome, labels, nestedClusterKind } from '@knest/core'
import type { ClusterSpec, KindRef, KubeObject } from '@knest/core'
import { readyHost, workers, type DeclaredHost } from './declared-host.js'
import { never, persistent, ref, run, withWorkers } from './fixture.js'

const retained: ClusterSpec = { ...persistent, deletionPolicy: 'Retain' }
const kindOf = (apiVersion: string, kind: string): KindRef => ({ apiVersion, kind })
const statefulSetKind = kindOf('apps/v1', 'StatefulSet')
const keyKinds = [kindOf('v1', 'Secret'), kindOf('v1', 'Service')]

/** Ready, with an object of a node as a backend makes it. */
async function hostOf(spec: ClusterSpec): Promise<DeclaredHost> {
  const host = await readyHost(spec)
  const { uid = '' } = (await host.object()).metadata
  const ownerReferences = [{ ...nestedClusterKind, name: ref.name, uid }]
  const marks = { [labels.cluster]: ref.name, [labels.managedBy]: 'knest' }
  const metadata = { ...ref, name: 'q-cp-0', labels: marks, ownerReferences }
  await host.memory.create({ ...statefulSetKind, metadata }, { signal: never })
  return host
}

const objects = async ({ memory }: DeclaredHost, kinds: readonly KindRef[]): Promise<readonly KubeObject[]> =>
  (
    await Promise.all(kinds.map((kind) => memory.list(kind, { namespace: ref.namespace, signal: never })))
  ).flat()
/** Names of owned objects, and of those that nobody owns. */
async function owners(host: DeclaredHost, kinds = keyKinds): Promise<Readonly<Record<string, boolean>>> {
  const found = await objects(host, kinds)
  return Object.fromEntries(
    found.map(({ metadata }) => [metadata.name, (metadata.ownerReferences ?? []).length > 0]),
  )
}
const keys = ['q-api', 'q-cp-0', 'q-kubeconfig', 'q-nodes', 'q-pki']
const allOf = (isOwned: boolean): Readonly<Record<string, boolean>> =>
  Object.fromEntries(keys.map((name) => [name, isOwned]))
const cluster = ({ memory }: DeclaredHost): Promise<KubeObject | undefined> =>
  memory.get(nestedClusterKind, ref.name, ref.namespace, never)

/** What kubectl does, and the host's garbage collector where the object goes alone. */
async function kubectlDelete(
  { memory }: DeclaredHost,
  cascade: 'background' | 'orphan, seen at once' | 'orphan, collected before',
): Promise<void> {
  if (cascade !== 'background') {
    const finalizers = ['knest.dev/cleanup', 'orphan']
    await memory.patch(
      nestedClusterKind,
      ref.name,
      ref.namespace,
      { metadata: { finalizers } },
      { signal: never },
    )
  }
  await memory.delete(nestedClusterKind, ref.name, ref.namespace, { signal: never })
  if (cascade !== 'orphan, collected before') return
  for (const kind of [...keyKinds, statefulSetKind])
    for (const { metadata } of await memory.list(kind, { namespace: ref.namespace, signal: never }))
      await memory.patch(
        kind,
        metadata.name,
        ref.namespace,
        { metadata: { ownerReferences: [] } },
        { signal: never },
      )
  const left = { metadata: { finalizers: ['knest.dev/cleanup'] } }
  await memory.patch(nestedClusterKind, ref.name, ref.namespace, left, { signal: never })
}

describe('kubectl delete --cascade=orphan', () => {
  test.each(['orphan, seen at once', 'orphan, collected before'] as const)(
    'takes the object alone (%s)',
    async (cascade) => {
      const host = await hostOf(persistent)
      const nodes = host.nodes()
      await kubectlDelete(host, cascade)
      await host.clusters.reconcile(ref, run)
      expect((await cluster(host))?.metadata.finalizers ?? []).not.toContain('knest.dev/cleanup')
      expect(host.nodes()).toEqual(nodes)
      expect(Object.keys(await owners(host)).sort()).toEqual(keys)
    },
  )

  test('and create with the same settings owns all of it again', async () => {
    const host = await hostOf(persistent)
    const nodes = host.nodes()
    await kubectlDelete(host, 'orphan, collected before')
    await host.clusters.reconcile(ref, run)
    expect(await cluster(host)).toBeUndefined()
    await host.clusters.create(ref, persistent, run)
    expect(host.nodes()).toEqual(nodes)
    expect(await owners(host, [...keyKinds, statefulSetKind])).toEqual(allOf(true))
  })

  test('knest delete leaves what has no NestedCluster, and its namespace', async () => {
    const host = await hostOf(persistent)
    await kubectlDelete(host, 'orphan, collected before')
    await host.clusters.reconcile(ref, run)
    const said: string[] = []
    const home = createKubernetesHome(host.memory)
    await home.remove(ref, { keepData: false, signal: never, note: (text) => said.push(text) })
    expect(said.join()).toContain('what cluster "q" left in namespace "knest-q" stays')
    expect(Object.keys(await owners(host)).sort()).toEqual(keys)
  })
})

describe('the deletion policy Retain', () => {
  test('has nobody own keys and addresses, so that no collector takes them', async () => {
    const host = await hostOf(retained)
    expect(await owners(host)).toEqual(allOf(false))
    expect(await owners(host, [statefulSetKind])).toEqual({ 'q-cp-0': true })
  })

  test('may come and go on a cluster that is there', async () => {
    const host = await hostOf(persistent)
    for (const [deletionPolicy, isOwned] of [
      ['Retain', false],
      ['Delete', true],
    ] as const) {
      await host.patchSpec({ deletionPolicy })
      await host.clusters.reconcile(ref, run)
      expect(await owners(host)).toEqual(allOf(isOwned))
    }
  })

  test.each(['kubectl', 'knest'] as const)(
    'has disks and keys stay when %s deletes the cluster',
    async (by) => {
      const host = await hostOf(retained)
      if (by === 'kubectl') {
        await kubectlDelete(host, 'background')
        await host.clusters.reconcile(ref, run)
      } else {
        expect(await host.clusters.delete(ref, { ...run, keepData: false })).toEqual({ dataKept: true })
      }
      expect(await cluster(host)).toBeUndefined()
      expect(host.nodes()).toEqual([])
      expect(await owners(host)).toEqual(allOf(false))
      const pki = await host.memory.get(kindOf('v1', 'Secret'), 'q-pki', ref.namespace, never)

      await host.clusters.create(ref, persistent, run)
      expect(host.nodes()).toEqual(['q-cp-0', 'q-worker-0'])
      expect(await owners(host)).toEqual(allOf(true))
      const after = await host.memory.get(kindOf('v1', 'Secret'), 'q-pki', ref.namespace, never)
      expect(after?.data).toEqual(pki?.data)
    },
  )

  test('counts as the object has it now, also where the rest of it is refused', async () => {
    const host = await hostOf(persistent)
    await host.patchSpec({ deletionPolicy: 'Retain', network: { dnsDomain: 'other.local' } })
    await kubectlDelete(host, 'background')
    await host.clusters.reconcile(ref, run)
    expect(await cluster(host)).toBeUndefined()
    expect(await owners(host)).toEqual(allOf(false))
  })

  test('is in the plan', async () => {
    const host = await hostOf(retained)
    const plan = await host.clusters.planDelete(ref, { ...run, keepData: false })
    expect(plan.map(({ title }) => title)).toEqual([
      'Delete node "q-cp-0", keep its disk',
      'Delete node "q-worker-0", keep its disk',
      'Remove cluster "q"; its keys and addresses stay, too',
    ])
  })

  test('is no change where it says what is usual', async () => {
    const host = await hostOf(persistent)
    const change = await host.clusters.planApply(ref, { ...persistent, deletionPolicy: 'Delete' }, run)
    expect(change.action).toBe('unchanged')
    await host.clusters.apply(ref, { ...withWorkers(1, persistent), deletionPolicy: 'Retain' }, run)
    expect(await owners(host)).toEqual(allOf(false))
    await host.patchSpec(workers(1))
  })
})
