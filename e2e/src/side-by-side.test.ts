import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { webPod } from '@knest/testing/web-pod'
import { openKube } from 'knest/kube'
import { createCluster, listNames } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { podIp, runPods, shell } from './support/workload.js'

interface Config {
  readonly users: readonly { readonly name: string }[]
  readonly clusters: readonly { readonly name: string }[]
}

describe('two nested clusters with the same CIDRs', () => {
  let one: TestCluster
  let two: TestCluster

  beforeAll(async () => {
    one = await createCluster('e2e-one', '--worker-machine-count', '1')
    two = await createCluster('e2e-two', '--worker-machine-count', '1')
  })
  afterAll(async () => {
    await one.remove()
    await two.remove()
  })

  it('have networks of their own: the same address is another pod', async () => {
    const reach = async (cluster: TestCluster): Promise<string> => {
      const [near, far] = await runPods(cluster.api, [
        webPod('near', `${cluster.name}-cp-0`),
        webPod(`far-of-${cluster.name}`, `${cluster.name}-worker-0`),
      ])
      expect(podIp(near)).toMatch(/^10\.200\./)
      return shell(cluster.api, 'near', `wget -qO- -T 10 http://${podIp(far)}:8080/`)
    }
    expect(await reach(one)).toBe('far-of-e2e-one')
    expect(await reach(two)).toBe('far-of-e2e-two')
  })

  it("do not let each other's administrators in", async () => {
    const configs = [one, two].map(
      ({ kubeconfigPath }) => parse(readFileSync(kubeconfigPath, 'utf8')) as Config,
    )
    const [{ users }, { clusters }] = configs as [Config, Config]
    const context = { cluster: clusters[0]?.name, user: users[0]?.name }
    const kubeconfigText = stringify({
      ...{ apiVersion: 'v1', kind: 'Config', clusters, users },
      ...{ contexts: [{ name: 'a', context }], 'current-context': 'a' },
    })
    const stranger = await openKube({ kubeconfigText })
    try {
      await expect(listNames(stranger, 'Node')).rejects.toMatchObject({ code: 'not-permitted' })
    } finally {
      stranger.close()
    }
    expect(await listNames(two.api, 'Node')).toHaveLength(2)
  })

  it('leave each other alone when one is deleted', async () => {
    await one.knest('delete', 'e2e-one')
    expect(await listNames(two.api, 'Node')).toEqual(['e2e-two-cp-0', 'e2e-two-worker-0'])
    expect(await shell(two.api, 'near', 'hostname')).toBe('near')
  })
})
