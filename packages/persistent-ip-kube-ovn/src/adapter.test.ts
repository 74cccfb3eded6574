import { createFakeKubeApi, describeAddressAdapter } from '@knest/testing'
import type { AddressOptions, KubeApi, KubeObject } from '@knest/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { createKubeOvnAddresses } from './adapter.js'

const group = 'kubeovn.io/v1'
const { signal } = new AbortController()
const cluster = { name: 'a', namespace: 'knest-a' }
const pool = { apiVersion: group, kind: 'IPPool' }
const kinds = [
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  { apiVersion: 'v1', kind: 'Pod' },
]
const kubeOvnKinds = ['Subnet', 'IP', 'IPPool'].map((kind) => ({ apiVersion: group, kind }))

const object = (kind: string, name: string, spec: Record<string, unknown>): KubeObject => ({
  apiVersion: group,
  kind,
  metadata: { name },
  spec,
})

async function kubeOvnHost(): Promise<KubeApi> {
  const api = createFakeKubeApi([...kinds, ...kubeOvnKinds])
  const subnets = [
    object('Subnet', 'join', { cidrBlock: '100.64.0.0/16', gateway: '100.64.0.1' }),
    object('Subnet', 'ovn-default', {
      cidrBlock: '10.16.0.0/16,fd00:10:16::/112',
      gateway: '10.16.0.1,fd00:10:16::1',
      provider: 'ovn',
      vpc: 'ovn-cluster',
    }),
    object('Subnet', 'other', { cidrBlock: '10.17.0.0/24', gateway: '10.17.0.1' }),
    object('Subnet', 'private', { cidrBlock: '10.18.0.0/24', gateway: '10.18.0.1', vpc: 'tenant' }),
  ]
  for (const subnet of subnets) await api.create(subnet, { signal })
  return api
}

describeAddressAdapter('Kube-OVN in memory', async () => {
  const api = await kubeOvnHost()
  return {
    open: (options) => createKubeOvnAddresses(api, options),
    range: '10.16.9.8-10.16.9.15',
    outside: '100.64.0.9',
    cleanUp: () => Promise.resolve(),
  }
})

describe('Kube-OVN', () => {
  let api: KubeApi
  const options: AddressOptions = {
    cluster,
    candidates: ['10.16.9.8/29'],
    nodes: 2,
    clusters: () => Promise.resolve([cluster]),
  }
  const problems = async (...candidates: readonly string[]): Promise<string> =>
    (await createKubeOvnAddresses(api, { ...options, candidates, nodes: 1 }).preflight(signal))
      .map(({ severity, message, hint }) => `${severity}: ${message}; ${hint}`)
      .join('\n')
  const pooled = async (): Promise<unknown> =>
    (await api.get(pool, 'knest.knest-a.a', undefined, signal))?.spec

  beforeEach(async () => {
    api = await kubeOvnHost()
  })

  describe('IPPool of somebody else under the cluster’s name', () => {
    const [kind, name] = [{ apiVersion: group, kind: 'IPPool' }, 'knest.knest-a.a']

    it.each([{}, { 'app.kubernetes.io/managed-by': 'Helm' }, { 'knest.dev/cluster': 'a' }])(
      'is named before, and neither changed nor deleted: %j',
      async (labels) => {
        const theirs = await api.create(
          { ...kind, metadata: { name, labels }, spec: { mine: true } },
          { signal },
        )
        const adapter = createKubeOvnAddresses(api, options)
        expect(await adapter.preflight(signal)).toEqual([
          expect.objectContaining({
            severity: 'error',
            message: `the host has IPPool "${name}" already, and knest did not make it`,
          }),
        ])
        const reserved = adapter.reserve(cluster, 'a-cp-0', signal)
        await expect(reserved).rejects.toMatchObject({ code: 'already-exists' })
        await adapter.release(cluster, 'a-cp-0', signal)
        expect(await api.get(kind, name, undefined, signal)).toEqual(theirs)
      },
    )
  })

  it('asks for Subnet, address and MAC as Kube-OVN reads them', async () => {
    const { annotations } = await createKubeOvnAddresses(api, options).reserve(cluster, 'a-cp-0', signal)
    expect(annotations).toEqual({
      'ovn.kubernetes.io/logical_switch': 'ovn-default',
      'ovn.kubernetes.io/ip_address': '10.16.9.8',
      'ovn.kubernetes.io/mac_address': '52:54:00:10:09:08',
    })
  })

  it('keeps automatic assignment off claimed addresses with a pool, and takes it away again', async () => {
    const adapter = createKubeOvnAddresses(api, options)
    await adapter.reserve(cluster, 'a-cp-0', signal)
    await adapter.reserve(cluster, 'a-worker-0', signal)
    expect(await pooled()).toEqual({ subnet: 'ovn-default', ips: ['10.16.9.8', '10.16.9.9'] })
    await adapter.release(cluster, 'a-cp-0', signal)
    expect(await pooled()).toEqual({ subnet: 'ovn-default', ips: ['10.16.9.9'] })
    await adapter.release(cluster, 'a-worker-0', signal)
    expect(await pooled()).toBeUndefined()
  })

  it('takes no address that Kube-OVN keeps for somebody, but its own', async () => {
    const kept = { v4IpAddress: '10.16.9.8', namespace: 'team', podName: 'web-0' }
    const own = { v4IpAddress: '10.16.9.11', namespace: 'knest-a', podName: 'a-cp-0-0' }
    await api.create(object('IP', 'web-0.team', kept), { signal })
    await api.create(object('IP', 'a-cp-0-0.knest-a', own), { signal })
    const adapter = createKubeOvnAddresses(api, options)
    expect((await adapter.reserve(cluster, 'a-cp-0', signal)).ip).toBe('10.16.9.11')
    expect((await adapter.reserve(cluster, 'a-worker-0', signal)).ip).toBe('10.16.9.9')
  })

  it('refuses addresses outside of a pod Subnet, or of several', async () => {
    for (const candidates of [['10.99.0.1'], ['100.64.0.9'], ['10.18.0.9'], ['10.16.9.8', '10.17.0.9']])
      expect(await problems(...candidates)).toMatch(/^error: .*not in one Kube-OVN Subnet/)
    expect(await problems('10.17.0.9')).toBe('')
  })

  it('refuses the gateway and the edges of a Subnet, and says what is left', async () => {
    expect(await problems('10.17.0.0/30')).toMatch(
      /keeps 10\.17\.0\.1, 10\.17\.0\.0 .*use 10\.17\.0\.2-10\.17\.0\.3/,
    )
  })

  it("refuses addresses of somebody else's IPPool", async () => {
    await api.create(object('IPPool', 'web', { subnet: 'ovn-default', ips: ['10.16.9.15..10.16.9.20'] }), {
      signal,
    })
    expect(await problems('10.16.9.8/29')).toMatch(/overlap Kube-OVN IPPool "web"/)
  })

  it('refuses a host without Kube-OVN', async () => {
    api = createFakeKubeApi(kinds)
    expect(await problems('10.16.9.8')).toMatch(/^error: the host has no Kube-OVN/)
  })

  it('explains the event of a pod whose address is not free yet', () => {
    const adapter = createKubeOvnAddresses(api, options)
    expect(adapter.explain('AcquireAddressFailed: AddressConflict')).toMatch(/still held by the pod before/)
    expect(adapter.explain('Back-off pulling image')).toBeUndefined()
  })
})
