import { createFakeKubeApi, describeAddressAdapter } from '@knest/testing'
import type { AddressOptions, KubeApi, KubeObject } from '@knest/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { createCalicoAddresses } from './adapter.js'

const crd = 'crd.projectcalico.org/v1'
const { signal } = new AbortController()
const cluster = { name: 'a', namespace: 'knest-a' }
const nodes = ['a-cp-0', 'a-worker-0']

const kinds = [
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
]
const calicoKinds = ['IPPool', 'IPReservation', 'IPAMBlock'].map((kind) => ({ apiVersion: crd, kind }))

const object = (kind: string, name: string, spec: Record<string, unknown>): KubeObject => ({
  apiVersion: crd,
  kind,
  metadata: { name },
  spec,
})
const block = (cidr: string, size: number, taken: Readonly<Record<number, object>>): KubeObject => {
  const places = Object.keys(taken).map(Number)
  const allocations = Array.from({ length: size }, (_, place) =>
    places.includes(place) ? places.indexOf(place) : null,
  )
  return object('IPAMBlock', cidr.replace(/[./]/g, '-'), {
    cidr,
    allocations,
    attributes: Object.values(taken),
  })
}
const ipam = (type: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'calico-config', namespace: 'kube-system' },
  data: {
    cni_network_config: `{"plugins":[{"type":"calico","ipam": {\n "type": "${type}"\n},"mtu": __CNI_MTU__}]}`,
  },
})

async function calicoHost(type = 'calico-ipam'): Promise<KubeApi> {
  const api = createFakeKubeApi([...kinds, ...calicoKinds])
  await api.create(object('IPPool', 'default', { cidr: '10.9.0.0/16' }), { signal })
  await api.create(object('IPPool', 'off', { cidr: '10.8.0.0/16', disabled: true }), { signal })
  await api.create(ipam(type), { signal })
  return api
}

describeAddressAdapter('Calico in memory', async () => {
  const api = await calicoHost()
  return {
    open: (options) => createCalicoAddresses(api, options),
    range: '10.9.0.8-10.9.0.15',
    outside: '10.8.0.1',
    cleanUp: () => Promise.resolve(),
  }
})

describe('Calico', () => {
  let api: KubeApi
  const options: AddressOptions = {
    cluster,
    candidates: ['10.9.0.8/29'],
    nodes: 2,
    clusters: () => Promise.resolve([cluster]),
  }
  const problems = async (changed: Partial<AddressOptions> = {}): Promise<string> =>
    (await createCalicoAddresses(api, { ...options, ...changed }).preflight(signal))
      .map(({ severity, message }) => `${severity}: ${message}`)
      .join('\n')
  const reserved = async (): Promise<unknown> =>
    (await api.get({ apiVersion: crd, kind: 'IPReservation' }, 'knest.knest-a.a', undefined, signal))?.spec

  beforeEach(async () => {
    api = await calicoHost()
  })

  describe('IPReservation of somebody else under the cluster’s name', () => {
    const [kind, name] = [{ apiVersion: crd, kind: 'IPReservation' }, 'knest.knest-a.a']

    it.each([{}, { 'app.kubernetes.io/managed-by': 'Helm' }, { 'knest.dev/cluster': 'a' }])(
      'is named before, and neither changed nor deleted: %j',
      async (labels) => {
        const theirs = await api.create(
          { ...kind, metadata: { name, labels }, spec: { mine: true } },
          { signal },
        )
        const adapter = createCalicoAddresses(api, options)
        expect(await adapter.preflight(signal)).toEqual([
          expect.objectContaining({
            severity: 'error',
            message: `the host has IPReservation "${name}" already, and knest did not make it`,
          }),
        ])
        const reserved = adapter.reserve(cluster, 'a-cp-0', signal)
        await expect(reserved).rejects.toMatchObject({ code: 'already-exists' })
        await adapter.release(cluster, 'a-cp-0', signal)
        expect(await api.get(kind, name, undefined, signal)).toEqual(theirs)
      },
    )
  })

  it('asks for address and MAC as Calico reads them', async () => {
    const { annotations } = await createCalicoAddresses(api, options).reserve(cluster, 'a-cp-0', signal)
    expect(annotations).toEqual({
      'cni.projectcalico.org/ipAddrs': '["10.9.0.8"]',
      'cni.projectcalico.org/hwAddr': '52:54:00:09:00:08',
    })
  })

  it('keeps automatic assignment off the whole range while the cluster has a node', async () => {
    const adapter = createCalicoAddresses(api, options)
    for (const node of nodes) await adapter.reserve(cluster, node, signal)
    expect(await reserved()).toEqual({ reservedCIDRs: ['10.9.0.8/29'] })
    await adapter.release(cluster, 'a-cp-0', signal)
    expect(await reserved()).toEqual({ reservedCIDRs: ['10.9.0.8/29'] })
    await adapter.release(cluster, 'a-worker-0', signal)
    expect(await reserved()).toBeUndefined()
  })

  it('takes no address that Calico has assigned, as to the tunnel of a node', async () => {
    const tunnel = {
      handle_id: 'vxlan-tunnel-addr-n1',
      secondary: { node: 'n1', type: 'vxlanTunnelAddress' },
    }
    const cooling = { handle_id: 'old', releasedAt: '2026-11-21T00:00:00Z' }
    await api.create(block('10.9.0.0/26', 64, { 8: tunnel, 9: cooling }), { signal })
    const { ip } = await createCalicoAddresses(api, options).reserve(cluster, 'a-cp-0', signal)
    expect(ip).toBe('10.9.0.9')
  })

  it("goes on with the address the node's pod has, when the claim was lost", async () => {
    const own = { handle_id: 'k8s', secondary: { pod: 'a-cp-0-0', namespace: 'knest-a' } }
    await api.create(block('10.9.0.0/26', 64, { 12: own }), { signal })
    const { ip } = await createCalicoAddresses(api, options).reserve(cluster, 'a-cp-0', signal)
    expect(ip).toBe('10.9.0.12')
  })

  it('gives way to a pod that got the address between claim and reservation', async () => {
    const racing: KubeApi = {
      ...api,
      apply: async (reservation, run) => {
        const pod = { handle_id: 'k8s', secondary: { pod: 'fast', namespace: 'team' } }
        await api.apply(block('10.9.0.0/26', 64, { 8: pod }), run)
        return api.apply(reservation, run)
      },
    }
    const adapter = createCalicoAddresses(racing, options)
    expect((await adapter.reserve(cluster, 'a-cp-0', signal)).ip).toBe('10.9.0.9')
    expect(await adapter.list(cluster, signal)).toHaveLength(1)
  })

  it('refuses addresses outside of every enabled pool, and says which there are', async () => {
    expect(await problems({ candidates: ['10.7.0.1'], nodes: 1 })).toMatch(
      /^error: .*10\.7\.0\.1.*no Calico IPPool/,
    )
    expect(await problems({ candidates: ['10.8.0.1'], nodes: 1 })).toMatch(/IPPool "off" is not for pods now/)
  })

  it('refuses Calico that lets host-local assign addresses', async () => {
    api = await calicoHost('host-local')
    expect(await problems()).toMatch(/^error: .*"host-local"/)
  })

  it('refuses a host without Calico', async () => {
    api = createFakeKubeApi(kinds)
    expect(await problems()).toMatch(/^error: the host has no Calico/)
  })

  it('warns of more than a tenth of a pool, unless the pool is for such addresses', async () => {
    expect(await problems({ candidates: ['10.9.0.0/18'] })).toMatch(/^warning: .*more than a tenth/)
    await api.apply(object('IPPool', 'default', { cidr: '10.9.0.0/16', assignmentMode: 'Manual' }), {
      signal,
    })
    expect(await problems({ candidates: ['10.9.0.0/18'] })).toBe('')
  })

  it('explains the event of a pod whose address is not free yet', () => {
    const adapter = createCalicoAddresses(api, options)
    const event =
      'Failed to create pod sandbox: plugin type="calico" failed (add): Address already assigned in block'
    expect(adapter.explain(event)).toMatch(/still assigned to the pod before/)
    expect(adapter.explain('Back-off pulling image')).toBeUndefined()
  })
})
