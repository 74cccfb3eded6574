import { expect, test } from 'vitest'
import type { KubeObject } from '@knest/core'
import { readyHost, workers } from './declared-host.js'
import { ref, run, spec } from './fixture.js'

const counts = (object: KubeObject): unknown => {
  const { replicas, workers } = object.spec as { replicas?: number; workers: { count: number }[] }
  return { replicas, counts: workers.map(({ count }) => count) }
}

test('kubectl scale sets the workers of the first pool, and says how many there are', async () => {
  const { clusters, object, nodes, patchSpec, seen } = await readyHost()
  const before = nodes().length
  expect((await object()).status).toMatchObject({
    replicas: spec.workers[0]?.count,
    selector: 'knest.dev/cluster=q,knest.dev/pool=worker',
  })
  await patchSpec({ replicas: 3 })
  await clusters.reconcile(ref, run)
  expect(nodes()).toContain('q-worker-2')
  expect(nodes().length - before).toBe(3 - (spec.workers[0]?.count ?? 0))
  expect((await object()).status).toMatchObject({ replicas: 3, workers: { ready: 3 } })
  expect(seen).toEqual(['InProgress -', 'Current ready'])
  // What its object asks for belongs to whoever wrote it.
  expect(counts(await object())).toEqual({ replicas: 3, counts: [spec.workers[0]?.count] })
})

test('a command that counts workers afterwards has the last word, and leaves autoscalers their field', async () => {
  const { clusters, object, nodes, patchSpec } = await readyHost()
  await patchSpec({ replicas: 3 })
  await clusters.reconcile(ref, run)
  await clusters.scale(ref, { pools: { worker: 2 } }, run)
  expect(counts(await object())).toEqual({ replicas: 2, counts: [2] })
  await clusters.reconcile(ref, run)
  expect(nodes()).not.toContain('q-worker-2')
  expect((await object()).status).toMatchObject({ replicas: 2 })
})

test('kubectl scale after a command is a change like the first, and comes to an end', async () => {
  const { clusters, object, nodes, patchSpec } = await readyHost()
  await patchSpec({ replicas: 3 })
  await clusters.reconcile(ref, run)
  await clusters.scale(ref, { pools: { worker: 2 } }, run)
  await patchSpec({ replicas: 1 })
  await clusters.reconcile(ref, run)
  expect(nodes()).not.toContain('q-worker-1')
  const { status } = await object()
  expect(status).toMatchObject({ phase: 'Ready', replicas: 1, workers: { desired: 1 } })
  const { actions } = await clusters.reconcile(ref, run)
  expect(actions).toEqual([])
})

test('a field that is taken away gives the count of the pool its say back', async () => {
  const { clusters, object, patchSpec } = await readyHost()
  await patchSpec({ replicas: 3 })
  await clusters.reconcile(ref, run)
  await clusters.scale(ref, { pools: { worker: 2 } }, run)
  await patchSpec({ replicas: null, ...workers(1) })
  await clusters.reconcile(ref, run)
  await clusters.reconcile(ref, run)
  expect((await object()).status).toMatchObject({ phase: 'Ready', replicas: 1, workers: { desired: 1 } })
})
