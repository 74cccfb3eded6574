import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webPod } from '@knest/testing/web-pod'
import { createCluster, isReady, listNames, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { hostNodes, podsOfNodes } from './support/nodes.js'
import { runPods } from './support/workload.js'

describe('knest scale', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await createCluster('e2e-scale')
  })
  afterAll(() => cluster.remove())

  const nodes = (): Promise<readonly string[]> => listNames(cluster.api, 'Node')

  it('adds workers, which are Ready and run pods', async () => {
    await cluster.knest('scale', 'e2e-scale', '1:3')
    expect(await nodes()).toEqual([
      'e2e-scale-cp-0',
      'e2e-scale-worker-0',
      'e2e-scale-worker-1',
      'e2e-scale-worker-2',
    ])
    const objects = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    expect(objects.every(isReady)).toBe(true)
    await runPods(cluster.api, [webPod('new', 'e2e-scale-worker-2')])
  })

  it('removes all workers with a blank control-plane side, and leaves nothing of them', async () => {
    await cluster.knest('scale', 'e2e-scale', ':0')
    expect(await nodes()).toEqual(['e2e-scale-cp-0'])
    const host = await openHost(cluster.home)
    expect(await hostNodes(host, cluster.namespace)).toEqual(['e2e-scale-cp-0'])
    expect([...(await podsOfNodes(host, cluster.namespace)).keys()]).toEqual(['e2e-scale-cp-0'])
    host.close()
  })

  it('adds workers again', async () => {
    await cluster.knest('scale', 'e2e-scale', '1:2')
    expect(await nodes()).toEqual(['e2e-scale-cp-0', 'e2e-scale-worker-0', 'e2e-scale-worker-1'])
  })

  it('changes nothing when the cluster is as asked', async () => {
    const before = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    await cluster.knest('scale', 'e2e-scale', '1:2')
    const after = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid))
  })
})
