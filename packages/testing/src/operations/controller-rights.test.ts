import {
  createClusters,
  createKubernetesHome,
  KnestError,
  PreflightError,
  type ClusterHome,
} from '@knest/core'
import { controllerBinding, nestedClusterCrd } from '@knest/core'
import type { ClusterRecord } from '@knest/core'
import { describe, expect, test } from 'vitest'
import { createFakeClusterHome } from '../fake-cluster-home.js'
import { createFakeKubeApi } from '../fake-kube-api.js'
import { createFakeNestedNodes } from '../fake-nested-nodes.js'
import { never, persistent, ref, run, spec } from './fixture.js'

const barred = { severity: 'error' as const, message: 'the controller may not', hint: 'bind it' }
type Rights = NonNullable<ClusterHome['controllerRights']>

/** A controller that is bound, or not yet, or not any more. */
function createBound(end: Awaited<ReturnType<Rights['goesByItself']>> = 'never') {
  const home = createFakeClusterHome()
  const state = { isBound: false, letGo: 0 }
  const controllerRights: Rights = {
    barred: () => Promise.resolve(state.isBound ? undefined : barred),
    goesByItself: () => Promise.resolve(end),
    letGo: () => {
      state.letGo++
      return Promise.resolve()
    },
  }
  const nodes = createFakeNestedNodes(() => home.readAuthorities(ref, never))
  const parts = { ...home, controllerRights }
  const clusters = createClusters({ home: parts, backend: () => Promise.resolve(nodes.backend) })
  const record = async (): Promise<ClusterRecord> => {
    const found = await home.read(ref, never)
    if (found === undefined) throw new Error('there is no record')
    return found
  }
  return { clusters, home, nodes, state, record }
}

describe('a cluster in a namespace where the controller may not work', () => {
  test('is left alone without a word where a command has begun it, and its turn is told where it may', async () => {
    const { clusters, home, state } = createBound()
    await home.create(ref, spec, never)
    const settled = { ...run, isSettled: true, onlyIfFree: true }
    expect((await clusters.reconcile(ref, settled)).actions).toEqual([])
    state.isBound = true
    expect((await clusters.reconcile(ref, settled)).actions).toMatchObject([{ reason: 'CreateUnfinished' }])
  })

  test('is left alone and says why, once, until it is bound', async () => {
    const { clusters, home, nodes, state, record } = createBound()
    home.declare(ref, spec)
    await expect(clusters.reconcile(ref, run)).rejects.toThrow(PreflightError)
    expect(nodes.done).toEqual([])
    const said = await record()
    expect(said).toMatchObject({
      phase: 'Creating',
      conditions: [{ type: 'Accepted', status: 'False', reason: 'NotPermitted' }],
    })
    expect(said.conditions[0]?.message).toBe('the controller may not; bind it')
    await expect(clusters.reconcile(ref, run)).rejects.toMatchObject({ code: 'not-permitted' })
    expect(await record()).toEqual(said)

    state.isBound = true
    expect((await clusters.reconcile(ref, run)).phase).toBe('Ready')
    expect((await record()).conditions).toContainEqual(
      expect.objectContaining({ type: 'Accepted', status: 'True' }),
    )
  })

  test('that is deleted goes when the host removes it, and not before', async () => {
    for (const [end, times] of [
      ['now', 1],
      ['later', 0],
    ] as const) {
      const { clusters, home, nodes, state } = createBound(end)
      home.declare(ref, spec)
      state.isBound = true
      await clusters.reconcile(ref, run)
      state.isBound = false
      nodes.done.length = 0
      home.deleteObject(ref)
      const { nextAt } = await clusters.reconcile(ref, run)
      expect(state.letGo).toBe(times)
      expect(nextAt === undefined).toBe(end === 'now')
      expect(nodes.done).toEqual([])
    }
  })

  test('that is deleted says so where the host would leave something of it', async () => {
    const { clusters, home, state, record } = createBound()
    home.declare(ref, persistent)
    home.deleteObject(ref)
    await expect(clusters.reconcile(ref, run)).rejects.toMatchObject({ code: 'not-permitted' })
    expect(state.letGo).toBe(0)
    expect((await record()).conditions[0]?.reason).toBe('NotPermitted')
  })
})

const kinds = {
  namespace: { apiVersion: 'v1', kind: 'Namespace' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  secret: { apiVersion: 'v1', kind: 'Secret' },
  service: { apiVersion: 'v1', kind: 'Service' },
  cluster: { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster', statusSubresource: true },
  crd: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  binding: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
}

describe('the home on a host', () => {
  test.each([
    ['a namespace that stays, pods only', spec, {}, 0, 'now'],
    ['a namespace that stays, with volume claims', persistent, {}, 0, 'never'],
    [
      'a namespace that goes, with pods',
      persistent,
      { deletionTimestamp: '2026-01-01T00:00:00Z' },
      1,
      'later',
    ],
    ['a namespace that goes, empty', persistent, { deletionTimestamp: '2026-01-01T00:00:00Z' }, 0, 'now'],
  ] as const)('knows whether a cluster goes by itself: %s', async (_, of, metadata, pods, end) => {
    const api = createFakeKubeApi(Object.values(kinds))
    const namespace = { ...kinds.namespace, metadata: { name: ref.namespace, ...metadata } }
    const pod = { metadata: { name: 'p', namespace: ref.namespace } }
    const home = createKubernetesHome({
      ...api,
      get: () => Promise.resolve(namespace),
      list: () => Promise.resolve(pods === 0 ? [] : [{ ...kinds.pod, ...pod }]),
    })
    const record = { ...ref, spec: of } as unknown as ClusterRecord
    expect(await home.controllerRights?.goesByItself(record, never)).toBe(end)
  })

  test.each([
    ['labels of another tool, and binds', undefined, []],
    ['labels of another tool, and binds nobody', [], ['error']],
  ])('names what stands under the name of the binding with %s', async (_, subjects, severities) => {
    const api = createFakeKubeApi(Object.values(kinds))
    await api.create({ ...kinds.namespace, metadata: { name: 'team' } }, { signal: never })
    const shared = { name: 'q', namespace: 'team' }
    const { metadata, ...rest } = controllerBinding(shared)
    const labels = { ...metadata.labels, 'app.kubernetes.io/managed-by': 'Helm' }
    const theirs = { ...rest, ...(subjects !== undefined && { subjects }), metadata: { ...metadata, labels } }
    await api.create(theirs, { signal: never })
    const problems = await createKubernetesHome(api).tryObjects?.(spec, shared, [], never)
    const about = problems?.filter(({ message }) => message.includes('RoleBinding "q-controller"')) ?? []
    expect(about.map(({ severity }) => severity)).toEqual(severities)
  })

  test('takes the binding with the cluster, and none that somebody else made under its name', async () => {
    for (const isOwn of [true, false]) {
      const api = createFakeKubeApi(Object.values(kinds))
      await api.create({ ...kinds.namespace, metadata: { name: 'team' } }, { signal: never })
      const shared = { name: 'q', namespace: 'team' }
      const { metadata, ...rest } = controllerBinding(shared)
      const labels = isOwn ? (metadata.labels ?? {}) : {}
      await api.create({ ...rest, metadata: { ...metadata, labels } }, { signal: never })
      const home = createKubernetesHome(api)
      await home.remove(shared, { keepData: false, signal: never })
      expect((await api.list(kinds.binding, { signal: never })).length).toBe(isOwn ? 0 : 1)
    }
  })

  test.each([
    ['is refused', new KnestError('config', 'admission webhook denied the request'), 0],
    ['has no answer', new KnestError('host-unreachable', 'it was cut off'), 1],
  ])('of a cluster that %s takes back what let the controller in', async (_, fault, left) => {
    const api = createFakeKubeApi(Object.values(kinds))
    const shared = { name: 'q', namespace: 'team' }
    await api.create({ ...kinds.namespace, metadata: { name: 'team' } }, { signal: never })
    const established = { conditions: [{ type: 'Established', status: 'True' }] }
    await api.create({ ...nestedClusterCrd(), status: established }, { signal: never })
    const home = createKubernetesHome({
      ...api,
      create: (object, options) =>
        object.kind === 'NestedCluster' ? Promise.reject(fault) : api.create(object, options),
    })
    const placed = async (): Promise<void> => {
      await api.create(controllerBinding(shared), { signal: never })
    }
    await expect(home.create(shared, spec, never, { placed })).rejects.toBe(fault)
    expect((await api.list(kinds.binding, { signal: never })).length).toBe(left)
  })
})
