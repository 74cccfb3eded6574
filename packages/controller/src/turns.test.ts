import { KnestError, onAbort } from '@knest/core'
import type { ClusterRef, Clusters, HealReport, KubeApi, KubeObject } from '@knest/core'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { runController } from './controller.js'

const well: HealReport = { phase: 'Ready', actions: [], nodes: [], nextAt: undefined }
/** As many as the controller looks at side by side. */
const places = 8

function cluster(namespace: string, name: string): KubeObject {
  const metadata = { name, namespace, uid: `uid-of-${name}`, generation: 1, resourceVersion: '1' }
  return { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster', metadata }
}

/** A host that has these clusters, and nothing else but the controller's own Lease. */
function hostWith(clusters: readonly KubeObject[]): KubeApi {
  let lease: KubeObject | undefined
  const api: Partial<KubeApi> = {
    get: ({ kind }) => Promise.resolve(kind === 'Lease' ? lease : undefined),
    create: (object) => Promise.resolve((lease = object)),
    replace: (object) => Promise.resolve((lease = object)),
    delete: () => Promise.resolve(true),
    waitFor: ({ kind }, _selector, done, { signal }) => {
      done(kind === 'NestedCluster' ? clusters : [])
      return new Promise((_resolve, reject) => onAbort(signal, reject))
    },
  }
  return api as KubeApi
}

test('one cluster of a namespace has its turn before the many of another, and metrics say who waits', async () => {
  const many = Array.from({ length: 30 }, (_, index) => cluster('many', `many-${index}`))
  const looks: string[] = []
  const endLooks: (() => void)[] = []
  const reconcile = async ({ name }: ClusterRef): Promise<HealReport> => {
    looks.push(name)
    await new Promise<void>((resolve) => endLooks.push(resolve))
    return well
  }
  const openApi = (): Promise<never> => Promise.reject(new KnestError('host-unreachable', 'not reached'))
  const ended = new AbortController()
  let port = ''
  const running = runController({
    api: hostWith([...many, cluster('team', 'only')]),
    clusters: { reconcile, openApi } as Partial<Clusters> as Clusters,
    port: 0,
    signal: ended.signal,
    log: (line) => void (port = /on port (\d+)/.exec(line)?.[1] ?? port),
    pause: (milliseconds, signal) => delay(milliseconds, undefined, { signal }).then(() => undefined),
  })
  const seriesOf = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`${name}{kind="look"} `))
    return Number(line?.split(' ')[1])
  }
  await vi.waitFor(() => expect(looks).toHaveLength(places))
  expect(looks).not.toContain('only')
  expect(await seriesOf('knest_queue_depth')).toBe(many.length + 1 - places)
  expect(await seriesOf('knest_queue_active')).toBe(places)
  expect(await seriesOf('knest_queue_oldest_seconds')).toBeGreaterThan(0)
  for (const endLook of endLooks.splice(0, 2)) endLook()
  await vi.waitFor(() => expect(looks).toHaveLength(places + 2))
  expect(looks).toContain('only')
  ended.abort()
  for (const endLook of endLooks) endLook()
  await running
})
