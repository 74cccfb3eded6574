import { describe, expect, test } from 'vitest'
import { nestedClusterKind, PreflightError } from '@knest/core'
import type { ClusterSpec, KubeApi } from '@knest/core'
import { endsWait, kstatusOf } from '../read-conditions.js'
import { openHost, readyHost, workers } from './declared-host.js'
import { persistent, ref, run, spec } from './fixture.js'

/** Drops what the status of an older definition does not have. */
function withOldDefinition(api: KubeApi): KubeApi {
  const pruned = <T>(object: T): T =>
    JSON.parse(
      JSON.stringify(object, (key, value: unknown) =>
        ['observedGeneration', 'replicas', 'selector'].includes(key) ? undefined : value,
      ),
    ) as T
  return {
    ...api,
    get: async (kind, ...rest) => {
      const found = await api.get(kind, ...rest)
      return kind.kind === nestedClusterKind.kind && found !== undefined ? pruned(found) : found
    },
    patch: async (kind, name, namespace, patch, options) => {
      if (options.subresource !== 'status') return api.patch(kind, name, namespace, patch, options)
      return pruned(await api.patch(kind, name, namespace, pruned(patch), options))
    },
  }
}

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
    expect((await clusters.reconcile(ref, run)).failure).toBeInstanceOf(PreflightError)
    // As it was, and not as it was asked to be: who waits for the change goes on waiting.
    expect(await condition('Ready')).toMatchObject({ status: 'True', observedGeneration: 1 })
    expect(await condition('Stalled')).toMatchObject({ status: 'True', reason: 'Refused' })
    expect(seen).toEqual(['InProgress -', 'Failed -'])
    const refused = await object()
    expect((await clusters.reconcile(ref, run)).failure).toBeInstanceOf(PreflightError)
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
    expect((await clusters.reconcile(ref, run)).failure).toBeInstanceOf(PreflightError)
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

  test('nor does one that meets the definition of an older knest, which keeps no generations', async () => {
    const { clusters, object, patchSpec } = await readyHost(spec, withOldDefinition)
    await patchSpec(workers(2))
    for (let look = 0; look < 3; look++) await clusters.reconcile(ref, run)
    const settled = await object()
    expect(settled.status).toMatchObject({ phase: 'Ready', workers: { ready: 2 } })
    await clusters.reconcile(ref, run)
    // A server takes a write that changes nothing for none.
    expect((await object()).status).toEqual(settled.status)
  })

  test('kubectl prints version and backend, also where the object leaves them out', async () => {
    const { clusters, object, patchSpec } = await openHost()
    await patchSpec({ kubernetesVersion: null, controlPlane: null })
    await clusters.reconcile(ref, run)
    const { spec: made } = (await object()).status as { spec: ClusterSpec }
    expect((await object()).status).toMatchObject({
      kubernetesVersion: made.kubernetesVersion,
      backend: made.controlPlane.backend,
    })
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
