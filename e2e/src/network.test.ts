import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webPod } from '@knest/testing/web-pod'
import { createCluster, never, within } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { podIp, runPods, shell } from './support/workload.js'

describe('the nested network', () => {
  let cluster: TestCluster
  let remoteIp: string
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } }

  beforeAll(async () => {
    cluster = await createCluster('e2e-network', '--worker-machine-count', '1')
    const pods = await runPods(cluster.api, [
      webPod('near', 'e2e-network-cp-0', { app: 'client' }),
      webPod('far', 'e2e-network-worker-0'),
    ])
    remoteIp = podIp(pods[1])
    await cluster.api.apply(
      {
        ...service,
        spec: {
          type: 'NodePort',
          selector: { app: 'web' },
          ports: [{ port: 80, targetPort: 8080, nodePort: 30808 }],
        },
      },
      { signal: never },
    )
  })
  afterAll(() => cluster.remove())

  it('carries packets from a pod to a pod on another node, also large ones', async () => {
    expect(await shell(cluster.api, 'near', `wget -qO- -T 10 http://${remoteIp}:8080/`)).toBe('far')
    await shell(cluster.api, 'far', 'head -c 1048576 /dev/zero > /www/large')
    expect(await shell(cluster.api, 'near', `wget -qO- -T 20 http://${remoteIp}:8080/large | wc -c`)).toBe(
      '1048576',
    )
  })

  it('reaches a Service by its ClusterIP, its name, and its NodePort on every node', async () => {
    const stored = await cluster.api.get({ apiVersion: 'v1', kind: 'Service' }, 'web', 'default', never)
    const { clusterIP } = stored?.spec as { clusterIP: string }
    const get = (url: string): Promise<string> =>
      shell(
        cluster.api,
        'near',
        `for i in 1 2 3 4 5 6 7 8 9 10; do wget -qO- -T 3 ${url} && exit 0; sleep 0.5; done; exit 1`,
      )
    expect(await get(`http://${clusterIP}/`)).toBe('far')
    expect(await get('http://web.default.svc.cluster.local/')).toBe('far')
    const nodes = await cluster.api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    for (const node of nodes) {
      const { addresses } = node.status as { addresses: readonly { type: string; address: string }[] }
      const ip = addresses.find(({ type }) => type === 'InternalIP')?.address ?? ''
      expect(await get(`http://${ip}:30808/`)).toBe('far')
    }
  })

  it('shows logs of, runs commands in and forwards ports to a pod on another node', async () => {
    const logs = await cluster.api.raw('/api/v1/namespaces/default/pods/far/log', never)
    expect(logs).toMatchObject({ status: 200, body: 'serving\n' })
    expect(await shell(cluster.api, 'far', 'cat /www/index.html')).toBe('far')

    const stream = await cluster.api.forward({ namespace: 'default', name: 'far' }, 8080, within(20_000))
    stream.write('GET / HTTP/1.0\r\n\r\n')
    let answer = ''
    stream.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    await once(stream, 'end', { signal: within(20_000) })
    expect(answer).toMatch(/200 OK[^]*far\n$/)
  })
})
