import { describe, expect, test } from 'vitest'
import { labels, nestedClusterKind, PreflightError } from '@knest/core'
import type { KindRef, KubeObject } from '@knest/core'
import { readyHost, workers, type DeclaredHost } from './declared-host.js'
import { never, persistent, ref, run, withWorkers } from './fixture.js'

const ours = { [labels.cluster]: ref.name, [labels.managedBy]: 'knest' }
const kindOf = (apiVersion: string, kind: string): KindRef => ({ apiVersion, kind })
const secretKind = kindOf('v1', 'Secret')
const ownedKinds = [secretKind, kindOf('v1', 'Service'), kindOf('apps/v1', 'StatefulSet')]

/** As a backup tool leaves it: no uid, no status and no owners are those of before; `by` made the cluster. */
async function restoredHost(by: 'command' | 'declared', spec?: object): Promise<DeclaredHost> {
  const host = await readyHost(persistent)
  const { memory } = host
  const metadata = { ...ref, name: 'q-cp-0', labels: ours, ownerReferences: [] }
  await memory.create({ ...kindOf('apps/v1', 'StatefulSet'), metadata }, { signal: never })
  const before = await host.object()
  for (const object of await owned(host))
    await memory.patch(
      object,
      object.metadata.name,
      ref.namespace,
      { metadata: { ownerReferences: null } },
      { signal: never },
    )
  const clear = { metadata: { finalizers: null } }
  await memory.patch(nestedClusterKind, ref.name, ref.namespace, clear, { signal: never })
  await memory.delete(nestedClusterKind, ref.name, ref.namespace, { signal: never })
  const record = { ...ref, ...(by === 'command' ? { labels: ours } : {}) }
  const asked = { ...(before.spec as object), ...spec }
  await memory.create({ ...nestedClusterKind, metadata: record, spec: asked }, { signal: never })
  return host
}

async function owned({ memory }: DeclaredHost): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    ownedKinds.map(async (kind) =>
      (await memory.list(kind, { namespace: ref.namespace, signal: never })).map((object) => ({
        ...object,
        ...kind,
      })),
    ),
  )
  return lists.flat().filter(({ metadata }) => metadata.labels?.[labels.cluster] === ref.name)
}

const owners = ({ metadata }: KubeObject): unknown => metadata.ownerReferences?.map(({ uid }) => uid)

describe('a record that comes from a backup', () => {
  test.each(['command', 'declared'] as const)('is adopted by the controller, made by %s', async (by) => {
    const host = await restoredHost(by)
    const nodes = host.nodes()
    const authorities = await host.memory.get(secretKind, 'q-pki', ref.namespace, never)
    const { actions, phase } = await host.clusters.reconcile(ref, run)
    expect(phase).toBe('Ready')
    expect(actions.find(({ reason }) => reason === 'Adopted')?.message).toContain('StatefulSet "q-cp-0"')
    const { metadata, status } = await host.object()
    expect(status).toMatchObject({ phase: 'Ready', observedGeneration: metadata.generation })
    expect(metadata.finalizers).toEqual(['knest.dev/cleanup'])
    const objects = await owned(host)
    expect(objects.length).toBeGreaterThan(4)
    for (const object of objects) expect(owners(object), object.metadata.name).toEqual([metadata.uid])
    expect(host.nodes()).toEqual(nodes)
    const after = await host.memory.get(secretKind, 'q-pki', ref.namespace, never)
    expect(after?.data).toEqual(authorities?.data)
    // From now on it is like any other.
    await host.patchSpec(workers(2))
    await host.clusters.reconcile(ref, run)
    expect(host.nodes()).toContain('q-worker-1')
  })

  test('is refused when it does not know nodes that are there, until it does', async () => {
    const host = await restoredHost('command', workers(0))
    const nodes = host.nodes()
    await expect(host.clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    const said = await host.condition('Accepted')
    expect(said).toMatchObject({ status: 'False', reason: 'Refused' })
    expect(said?.message).toContain('"q-worker-0"')
    expect(host.nodes()).toEqual(nodes)
    await expect(host.clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    expect(host.nodes()).toEqual(nodes)
    await host.patchSpec(workers(1))
    expect((await host.clusters.reconcile(ref, run)).phase).toBe('Ready')
  })

  test('create by hand does not take it either, and removes no node that it does not know', async () => {
    const host = await restoredHost('command', workers(0))
    const nodes = host.nodes()
    await expect(host.clusters.create(ref, withWorkers(0, persistent), run)).rejects.toMatchObject({
      problems: [{ message: expect.stringContaining('"q-worker-0"') as string }],
    })
    expect(host.nodes()).toEqual(nodes)
    for (const object of await owned(host)) expect(owners(object)).toBeUndefined()
    await host.patchSpec(workers(1))
    await host.clusters.create(ref, persistent, run)
    const { uid } = (await host.object()).metadata
    for (const object of await owned(host)) expect(owners(object), object.metadata.name).toEqual([uid])
    expect(host.nodes()).toEqual(nodes)
  })

  test('nor does a create that finds nothing but what the record left', async () => {
    const host = await restoredHost('command')
    await host.memory.delete(nestedClusterKind, ref.name, ref.namespace, { signal: never })
    const nodes = host.nodes()
    await expect(host.clusters.create(ref, withWorkers(0, persistent), run)).rejects.toMatchObject({
      problems: [{ message: expect.stringContaining('"q-worker-0"') as string }],
    })
    expect(host.nodes()).toEqual(nodes)
    expect(await host.memory.get(nestedClusterKind, ref.name, ref.namespace, never)).toBeUndefined()
  })

  test('is refused when the authorities of its kubeconfig did not come back', async () => {
    const host = await restoredHost('command')
    await host.memory.delete(secretKind, 'q-pki', ref.namespace, { signal: never })
    const kubeconfig = await host.memory.get(secretKind, 'q-kubeconfig', ref.namespace, never)
    host.loseNodes()
    await expect(host.clusters.reconcile(ref, run)).rejects.toBeInstanceOf(PreflightError)
    expect((await host.condition('Accepted'))?.message).toContain('Secret "q-pki"')
    expect(await host.memory.get(secretKind, 'q-pki', ref.namespace, never)).toBeUndefined()
    expect(await host.memory.get(secretKind, 'q-kubeconfig', ref.namespace, never)).toEqual(kubeconfig)
  })

  test('is refused beside a kubeconfig of another cluster', async () => {
    const host = await restoredHost('command')
    const kubeconfig = 'clusters: [{cluster: {certificate-authority-data: b3RoZXI=}}]'
    const data = { value: Buffer.from(kubeconfig).toString('base64') }
    await host.memory.patch(secretKind, 'q-kubeconfig', ref.namespace, { data }, { signal: never })
    await expect(host.clusters.reconcile(ref, run)).rejects.toThrow()
    expect((await host.condition('Accepted'))?.message).toContain('trusts another authority')
  })

  test('one that a command is making is left to it', async () => {
    const host = await restoredHost('command')
    const { uid = '' } = (await host.object()).metadata
    const ownerReferences = [{ ...nestedClusterKind, name: ref.name, uid }]
    for (const object of await owned(host))
      await host.memory.patch(
        object,
        object.metadata.name,
        ref.namespace,
        { metadata: { ownerReferences } },
        { signal: never },
      )
    const before = await host.object()
    expect((await host.clusters.reconcile(ref, run)).actions).toEqual([])
    expect(await host.object()).toEqual(before)
  })
})
