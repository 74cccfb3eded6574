import { createBalancers } from '@knest/controller'
import { KnestError, type KubeApi, type KubeObject } from '@knest/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFakeKubeApi, type FakeKubeApi } from './fake-kube-api.js'

const v1 = (kind: string) => ({ apiVersion: 'v1', kind, statusSubresource: true })
const serviceKind = { apiVersion: 'v1', kind: 'Service' }
const eventKind = { apiVersion: 'v1', kind: 'Event' }
const slices = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }
const never = new AbortController().signal
const finalizer = 'service.kubernetes.io/load-balancer-cleanup'

let stop: AbortController

beforeEach(() => {
  stop = new AbortController()
})
afterEach(() => stop.abort())

function service(name: string, spec: object = {}): KubeObject {
  const ports = [{ port: 80, protocol: 'TCP', nodePort: 31000 }]
  return {
    ...serviceKind,
    metadata: { name, namespace: 'default' },
    spec: { type: 'LoadBalancer', ports, ...spec },
  }
}

function cluster(name: string, phase = 'Ready'): KubeObject {
  const kind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
  return { ...kind, metadata: { name, namespace: `knest-${name}`, uid: `uid-of-${name}` }, status: { phase } }
}

/** An embedded host: knest gives the addresses. */
async function openHost(change: (api: FakeKubeApi) => Partial<KubeApi> = () => ({})) {
  const api = createFakeKubeApi([v1('Service'), v1('Pod'), v1('Node')])
  const annotations = { 'knest.dev/load-balancer-addresses': '198.51.100.128/29' }
  await api.create(
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'host', annotations } },
    { signal: never },
  )
  const log: string[] = []
  const balancers = createBalancers({
    ...{ api: { ...api, ...change(api) }, signal: stop.signal },
    log: (line) => log.push(line),
    pause: () => new Promise(() => undefined),
  })
  void balancers.watch()
  return { api, balancers, log }
}

function openCluster(
  { balancers }: Pick<Awaited<ReturnType<typeof openHost>>, 'balancers'>,
  name: string,
): FakeKubeApi {
  const nested = createFakeKubeApi([v1('Service'), { ...eventKind }, { ...slices }])
  void balancers.serve({ name, namespace: `knest-${name}`, uid: `uid-of-${name}` }, nested, stop.signal)
  return nested
}

async function addressOf(nested: KubeApi, name: string): Promise<unknown> {
  const found = await nested.get(serviceKind, name, 'default', never)
  const { loadBalancer } = (found?.status ?? {}) as { loadBalancer?: { ingress?: { ip: string }[] } }
  return loadBalancer?.ingress?.map(({ ip }) => ip)
}

const hostServices = async (api: KubeApi, namespace: string): Promise<readonly string[]> =>
  (await api.list(serviceKind, { namespace, signal: never })).map(({ metadata }) => metadata.name)

const reasons = async (nested: KubeApi): Promise<readonly unknown[]> =>
  (await nested.list(eventKind, { signal: never })).map(({ reason }) => reason as unknown).sort()

describe('load balancers on a host where knest gives the addresses', () => {
  it('are those of two clusters side by side, and go as they came', async () => {
    const host = await openHost()
    host.balancers.show([cluster('a'), cluster('b')])
    const [a, b] = [openCluster(host, 'a'), openCluster(host, 'b')]
    await a.create(service('web'), { signal: never })
    await vi.waitFor(async () => expect(await addressOf(a, 'web')).toEqual(['198.51.100.129']))
    await b.create(service('web'), { signal: never })
    await vi.waitFor(async () => expect(await addressOf(b, 'web')).toEqual(['198.51.100.130']))
    expect(await reasons(a)).toEqual(['EnsuredLoadBalancer', 'EnsuringLoadBalancer'])
    const held = await a.get(serviceKind, 'web', 'default', never)
    expect(held?.metadata.finalizers).toEqual([finalizer])

    await a.patch(serviceKind, 'web', 'default', { spec: { type: 'ClusterIP' } }, { signal: never })
    await vi.waitFor(async () => expect(await hostServices(host.api, 'knest-a')).toEqual([]))
    expect(await addressOf(a, 'web')).toBeUndefined()
    expect((await a.get(serviceKind, 'web', 'default', never))?.metadata.finalizers ?? []).toEqual([])
    expect(await addressOf(b, 'web')).toEqual(['198.51.100.130'])

    await b.delete(serviceKind, 'web', 'default', { signal: never })
    await vi.waitFor(async () => expect(await b.get(serviceKind, 'web', 'default', never)).toBeUndefined())
    expect(await hostServices(host.api, 'knest-b')).toEqual([])
  })

  it('go while the cluster is paused, and come back with their addresses', async () => {
    const host = await openHost()
    host.balancers.show([cluster('a')])
    const a = openCluster(host, 'a')
    for (const name of ['first', 'second']) {
      await a.create(service(name), { signal: never })
      await vi.waitFor(async () => expect(await addressOf(a, name)).toHaveLength(1))
    }
    const before = [await addressOf(a, 'first'), await addressOf(a, 'second')]
    await a.delete(serviceKind, 'first', 'default', { signal: never })
    await vi.waitFor(async () => expect(await hostServices(host.api, 'knest-a')).toHaveLength(1))
    host.balancers.show([cluster('a', 'Paused')])
    await vi.waitFor(async () => expect(await hostServices(host.api, 'knest-a')).toEqual([]))
    host.balancers.show([cluster('a')])
    await vi.waitFor(async () => expect(await hostServices(host.api, 'knest-a')).toHaveLength(1))
    const [back] = await host.api.list(serviceKind, { namespace: 'knest-a', signal: never })
    await vi.waitFor(async () => {
      const now = await host.api.get(serviceKind, back?.metadata.name ?? '', 'knest-a', never)
      expect(now?.status).toMatchObject({ loadBalancer: { ingress: [{ ip: (before[1] as string[])[0] }] } })
    })
  })

  it('go when the cluster is to have none, and come back', async () => {
    const host = await openHost()
    host.balancers.show([cluster('a')])
    const a = openCluster(host, 'a')
    await a.create(service('web', { externalTrafficPolicy: 'Local' }), { signal: never })
    await vi.waitFor(async () => expect(await addressOf(a, 'web')).toHaveLength(1))
    const labels = { 'knest.dev/cluster': 'a', 'knest.dev/node': 'a-cp-0', 'knest.dev/lb-0123456789': 'true' }
    const pod = { apiVersion: 'v1', kind: 'Pod' }
    await host.api.create(
      { ...pod, metadata: { name: 'a-cp-0-0', namespace: 'knest-a', labels } },
      { signal: never },
    )
    const off = { ...cluster('a'), spec: { addons: { loadBalancers: 'none' } } }
    host.balancers.show([off])
    await vi.waitFor(async () => expect(await hostServices(host.api, 'knest-a')).toEqual([]))
    expect(await addressOf(a, 'web')).toBeUndefined()
    expect((await a.get(serviceKind, 'web', 'default', never))?.metadata.finalizers ?? []).toEqual([])
    const left = await host.api.get(pod, 'a-cp-0-0', 'knest-a', never)
    expect(left?.metadata.labels).toEqual({ 'knest.dev/cluster': 'a', 'knest.dev/node': 'a-cp-0' })
    await a.create(service('second'), { signal: never })
    host.balancers.show([cluster('a')])
    for (const name of ['web', 'second'])
      await vi.waitFor(async () => expect(await addressOf(a, name)).toHaveLength(1))
  })

  it('goes on over a host that is away, and says why one cannot be', async () => {
    let faults = [
      new KnestError('host-unreachable', 'away'),
      new KnestError('already-exists', 'it is there already'),
    ]
    const host = await openHost((api) => ({
      apply: (object, options) => {
        const [fault, ...left] = faults
        faults = left
        return fault === undefined ? api.apply(object, options) : Promise.reject(fault)
      },
    }))
    host.balancers.show([cluster('a')])
    const a = openCluster(host, 'a')
    await a.create(service('web'), { signal: never })
    await vi.waitFor(async () => expect(await addressOf(a, 'web')).toHaveLength(1), 10_000)
    expect(await reasons(a)).toEqual([
      'EnsuredLoadBalancer',
      'EnsuringLoadBalancer',
      'SyncLoadBalancerFailed',
    ])
  })

  it('are NodePorts where the host refuses them', async () => {
    const host = await openHost((api) => ({
      apply: (object, options) =>
        (object.spec as { type?: string }).type === 'LoadBalancer'
          ? Promise.reject(new KnestError('not-permitted', 'exceeded quota'))
          : api.apply(object, options),
    }))
    host.balancers.show([cluster('a')])
    const a = openCluster(host, 'a')
    await a.create(service('web'), { signal: never })
    await vi.waitFor(async () => {
      const [made] = await host.api.list(serviceKind, { namespace: 'knest-a', signal: never })
      expect(made?.spec).toMatchObject({ type: 'NodePort', ports: [{ port: 80, targetPort: 31000 }] })
    })
  })
})
