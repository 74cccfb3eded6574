import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { createCluster, isReady, openHost, never, within } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { memberList } from './support/etcd.js'
import { hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import { kubeletStarts, notReady } from './support/ready-nodes.js'
import { secondsUntil } from './support/until.js'
import { volumesOf } from './support/volumes.js'
import { answers, runWeb } from './support/workload.js'
import { expectKept, startWriter } from './support/writer.js'

const name = 'e2e-members'
const podKind = { apiVersion: 'v1', kind: 'Pod' }
const statefulSetKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const isLong = process.env.KNEST_TEST_LONG !== undefined
const deletions = isLong ? 10 : 3
if (!isLong)
  console.log(
    'skipped: 3 → 5 → 3 control planes, one kill, seven of ten deletions, new certificates: hack/test --long has time for them',
  )
const volumeClaimKind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }

// The tests go on from each other: one cluster lives through all of it.
describe('a persistent cluster whose control planes come and go', () => {
  let cluster: TestCluster
  let host: KubeApi

  beforeAll(async () => {
    cluster = await createCluster(name, '--persistent')
    host = await openHost(cluster.home)
    await runWeb(cluster.api, `${name}-worker-0`)
  })
  afterAll(async () => {
    await cluster.remove()
    host.close()
  })

  const controlPlanes = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${name}-cp-${index}`)
  const members = (count: number): readonly string[] => controlPlanes(count).map((node) => `${node} started`)
  const podReady = async (node: string, otherThan?: string): Promise<boolean> => {
    const pod = await host.get(podKind, `${node}-0`, cluster.namespace, within(5_000))
    return pod !== undefined && pod.metadata.uid !== otherThan && isReady(pod)
  }

  /** Scales while a client writes; nothing that was acknowledged may be lost. */
  const scaleUnderWrites = async (from: number, to: number): Promise<void> => {
    const writer = await startWriter(cluster, `scale-${from}-${to}`)
    await cluster.knest('scale', name, `${to}:`)
    const written = await writer.stop()
    expectKept(`control planes ${from} → ${to}`, written)
    expect(written.acknowledged).toBeGreaterThan(20)
    expect(await memberList(cluster.home, name)).toEqual(members(to))
    const nodes = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    expect(nodes.map(({ metadata }) => metadata.name).sort()).toEqual([
      ...controlPlanes(to),
      `${name}-worker-0`,
    ])
    expect(nodes.every(isReady)).toBe(true)
    expect(await answers(cluster.api)).toBe(true)
  }

  it('goes on where a scale was killed in the middle of a join', async () => {
    for (const seconds of isLong ? [1, 8] : [8]) {
      const ended = await runKnest(cluster.home, ['scale', name, '3:', '--context', hostContext], {
        onStderr: (text, child) => {
          if (/Join control plane ".*cp-1" \.\.\./.test(text))
            setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
        },
      })
      expect(ended.signal, ended.stderr).toBe('SIGKILL')
    }
    await scaleUnderWrites(1, 3)
  })

  it.runIf(isLong).each([
    [3, 5],
    [5, 3],
  ])('goes from %i to %i with a client writing', scaleUnderWrites)

  it('loses no acknowledged write while one control plane is deleted again and again', async () => {
    const node = `${name}-cp-1`
    const writer = await startWriter(cluster, 'deletions')
    for (let times = 0; times < deletions; times++) {
      const pod = await host.get(podKind, `${node}-0`, cluster.namespace, never)
      await host.delete(podKind, `${node}-0`, cluster.namespace, { signal: never, gracePeriodSeconds: 0 })
      await secondsUntil(() => podReady(node, pod?.metadata.uid), 90, `"${node}" to be back`)
    }
    const written = await writer.stop()
    expectKept(`one control plane deleted ${deletions} times`, written)
    expect(written.acknowledged).toBeGreaterThan(100)
    expect(await memberList(cluster.home, name)).toEqual(members(3))
    expect(await answers(cluster.api)).toBe(true)
  })

  it('replaces the member of a control plane whose disk is destroyed', async () => {
    const node = `${name}-cp-2`
    const writer = await startWriter(cluster, 'disk')
    const pod = await host.get(podKind, `${node}-0`, cluster.namespace, never)
    await host.delete(volumeClaimKind, `disk-${node}-0`, cluster.namespace, { signal: never })
    await host.delete(podKind, `${node}-0`, cluster.namespace, { signal: never, gracePeriodSeconds: 0 })
    await secondsUntil(
      async () => {
        const found = await host.get(podKind, `${node}-0`, cluster.namespace, within(5_000))
        const { phase } = (found?.status ?? {}) as { phase?: string }
        return found?.metadata.uid !== pod?.metadata.uid && phase === 'Running'
      },
      60,
      `"${node}" to run on a new disk`,
    )
    await cluster.knest('scale', name, '3:')
    const written = await writer.stop()
    expectKept('one disk destroyed', written)
    expect(await memberList(cluster.home, name)).toEqual(members(3))
    expect(await memberList(cluster.home, name, node)).toEqual(members(3))
    expect(await podReady(node)).toBe(true)
    expect(await answers(cluster.api)).toBe(true)
  })

  it('starts a control plane again on its disk when its StatefulSet was deleted', async () => {
    const node = `${name}-cp-1`
    const before = await host.get(volumeClaimKind, `disk-${node}-0`, cluster.namespace, never)
    await host.delete(statefulSetKind, node, cluster.namespace, {
      signal: never,
      propagationPolicy: 'Background',
    })
    const isGone = async (): Promise<boolean> =>
      (await host.get(podKind, `${node}-0`, cluster.namespace, within(5_000))) === undefined
    await secondsUntil(isGone, 60, `the pod of "${node}" to be gone`)
    await cluster.knest('heal', name)
    await secondsUntil(() => podReady(node), 60, `"${node}" to be back`)
    const after = await host.get(volumeClaimKind, `disk-${node}-0`, cluster.namespace, never)
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    expect(await memberList(cluster.home, name)).toEqual(members(3))
    expect(await memberList(cluster.home, name, node)).toEqual(members(3))
  })

  it.runIf(isLong)('renews the certificates of all control planes, one after another', async () => {
    const writer = await startWriter(cluster, 'certificates')
    await cluster.knest('certs', name, '--renew', '--all')
    // The kubeconfig is new as well; the old one is valid until its end.
    const written = await writer.stop()
    expectKept('certificates renewed', written)
    expect(await memberList(cluster.home, name)).toEqual(members(3))
    const nodes = [...controlPlanes(3), `${name}-worker-0`]
    expect(await notReady(cluster.api, nodes, await kubeletStarts(cluster, nodes))).toEqual([])
  })

  it.runIf(isLong)('goes from 3 to 1 with a client writing', () => scaleUnderWrites(3, 1))

  it('goes from 3 to 1 by the members of etcd when Node objects are gone, and leaves Nodes of others', async () => {
    await cluster.knest('scale', name, '3:')
    const node = { apiVersion: 'v1', kind: 'Node' }
    await cluster.api.create({ ...node, metadata: { name: 'stranger' } }, { signal: never })
    for (const gone of [`${name}-cp-1`, `${name}-cp-2`])
      await cluster.api.delete(node, gone, undefined, { signal: never })
    const writer = await startWriter(cluster, 'without-objects')
    await cluster.knest('scale', name, '1:')
    const written = await writer.stop()
    expectKept('control planes without Node objects, 3 → 1', written)
    expect(await memberList(cluster.home, name)).toEqual(members(1))
    const nodes = await cluster.api.list(node, { signal: never })
    expect(nodes.map(({ metadata }) => metadata.name).sort()).toEqual([
      `${name}-cp-0`,
      `${name}-worker-0`,
      'stranger',
    ])
    expect(nodes[0]?.metadata.labels).toHaveProperty('knest.dev/cluster', name)
    expect(await answers(cluster.api)).toBe(true)
  })

  it('leaves no volume behind when it is deleted', async () => {
    expect(await volumesOf(host, cluster.namespace)).not.toEqual([])
    await cluster.knest('delete', name)
    expect(await volumesOf(host, cluster.namespace)).toEqual([])
  })
})
