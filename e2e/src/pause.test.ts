import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { parse } from 'yaml'
import { createCluster, listNames, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import { hostNodes, podsOfNodes } from './support/nodes.js'
import { plainStatus, shownNames } from './support/plain-client.js'
import { readProof, writeProof, written } from './support/proof.js'
import { answers, runWeb } from './support/workload.js'
import { secondsUntil } from './support/until.js'

const name = 'e2e-pause'

/** Nothing listens there. */
const balancer = { ip: '127.0.0.77', hostname: 'balancer.localhost' }

describe('knest pause and resume', () => {
  let cluster: TestCluster
  let host: KubeApi

  beforeAll(async () => {
    cluster = await createCluster(
      name,
      '--persistent',
      '--control-plane-endpoint-service-type',
      'LoadBalancer',
    )
    host = await openHost(cluster.home)
    await writeProof(cluster.api)
    await runWeb(cluster.api)
  })
  afterAll(async () => {
    await cluster.remove()
    host.close()
  })

  const services = async (): Promise<readonly string[]> =>
    (
      await host.list({ apiVersion: 'v1', kind: 'Service' }, { namespace: cluster.namespace, signal: never })
    ).map(({ metadata, spec }) => `${metadata.name} ${JSON.stringify([spec?.clusterIP, spec?.ports])}`)

  it('leaves no pod of the cluster on the host, and says how it goes on', async () => {
    const before = await services()
    expect(await cluster.knest('pause', name)).toBe(`cluster "${name}" paused\n`)
    expect(await listNames(host, 'Pod', cluster.namespace)).toEqual([])
    expect(await hostNodes(host, cluster.namespace)).toEqual([])
    expect(await services()).toEqual(before)
    expect(await cluster.knest('list')).toMatch(new RegExp(`${name} .* Paused `))
    expect(await cluster.knest('status', name)).toContain(`knest resume ${name}`)
    expect(await cluster.knest('pause', name)).toBe(`cluster "${name}" paused\n`)
  })

  // The host has no load balancer, so nobody else writes this.
  it('may be given other addresses meanwhile', async () => {
    const { ip, hostname } = balancer
    const status = { loadBalancer: { ingress: [{ ip }, { hostname }] } }
    await host.patch(
      { apiVersion: 'v1', kind: 'Service' },
      `${name}-api`,
      cluster.namespace,
      { status },
      {
        signal: never,
        subresource: 'status',
      },
    )
  })

  it.each([
    ['scale', ['scale', name, '1:2']],
    ['create', ['create', name, '--persistent']],
    ['certs', ['certs', name, '--renew']],
  ])('refuses %s meanwhile', async (_verb, argv) => {
    const outcome = await runKnest(cluster.home, [...argv, '--context', hostContext])
    expect(outcome.code, outcome.stderr).toBe(4)
    expect(outcome.stderr).toContain(`knest resume ${name}`)
  })

  it('comes back with its data, nodes, endpoint and workload', async () => {
    expect(await cluster.knest('resume', name)).toBe(`cluster "${name}" resumed\n`)
    expect(await readProof(cluster.api)).toEqual(written)
    expect(await listNames(cluster.api, 'Node')).toEqual([`${name}-cp-0`, `${name}-worker-0`])
    expect([...(await podsOfNodes(host, cluster.namespace)).keys()]).toEqual([
      `${name}-cp-0`,
      `${name}-worker-0`,
    ])
    await secondsUntil(() => answers(cluster.api), 60, 'the Service to answer')
    expect(await cluster.knest('list')).toMatch(new RegExp(`${name} .* Ready `))
    const kubeconfig = await cluster.knest('kubeconfig', name)
    expect(kubeconfig).not.toContain('tls-server-name')
    expect(await plainStatus(kubeconfig)).toBe(200)
    const shown = (await shownNames(kubeconfig)).split(', ')
    expect(shown).toEqual(expect.arrayContaining([`IP Address:${balancer.ip}`, `DNS:${balancer.hostname}`]))
    const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
    const kept = await cluster.api.get(kind, 'kubeadm-config', 'kube-system', never)
    const { data } = kept as unknown as { data: { ClusterConfiguration: string } }
    const { apiServer } = parse(data.ClusterConfiguration) as { apiServer: { certSANs: string[] } }
    expect(apiServer.certSANs).toEqual(expect.arrayContaining(['localhost', ...Object.values(balancer)]))
    const again = await runKnest(cluster.home, ['resume', name, '--context', hostContext])
    expect(again.code, again.stderr).toBe(4)
    expect(again.stderr).toContain('is not paused')
  })
})

it('knest pause refuses a cluster whose disks go with its nodes', async () => {
  const cluster = await createCluster('e2e-no-pause', '--worker-machine-count', '0')
  try {
    const outcome = await runKnest(cluster.home, ['pause', 'e2e-no-pause', '--context', hostContext])
    expect(outcome.code, outcome.stderr).toBe(2)
    expect(outcome.stderr).toContain('is not persistent')
  } finally {
    await cluster.remove()
  }
})
