import type { ChildProcess } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { webPod } from '@knest/testing/web-pod'
import type { KubeApi, KubeObject } from 'knest'
import { createCluster, never, openHost, type TestCluster } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import { expectInventory, quietInventory } from './support/inventory.js'
import { knest, runKnest, type Outcome } from './support/knest.js'
import { secondsUntil } from './support/until.js'
import { runPods, shell } from './support/workload.js'

const names = ['e2e-lb-a', 'e2e-lb-b'] as const
const nestedClusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const podKind = { apiVersion: 'v1', kind: 'Pod' }
const serviceKind = { apiVersion: 'v1', kind: 'Service' }
const finalizers = ['service.kubernetes.io/load-balancer-cleanup']

const home = createHome()
const host = await openHost(home)
const hostNodes = await host.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
const range = hostNodes[0]?.metadata.annotations?.['knest.dev/load-balancer-addresses']
if (range === undefined) console.log('skipped: the host is not an embedded one, which gives addresses itself')

const http = [{ port: 80, targetPort: 8080 }]

function balancer(spec: object, metadata: object = {}): KubeObject {
  return {
    ...serviceKind,
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: http, ...spec },
  }
}

async function addressOf(api: KubeApi, name = 'web', namespace = 'default'): Promise<string> {
  const hasAddress = ([found]: readonly KubeObject[]): boolean => ipOf(found) !== undefined
  const [service] = await api.waitFor(
    serviceKind,
    { namespace, fieldSelector: `metadata.name=${name}` },
    hasAddress,
    { timeoutMs: 15_000, signal: never, awaited: `Service "${name}" to have an address`, describe: String },
  )
  return ipOf(service) ?? ''
}

function ipOf(service: KubeObject | undefined): string | undefined {
  const { loadBalancer } = (service?.status ?? {}) as {
    loadBalancer?: { ingress?: readonly { ip: string }[] }
  }
  return loadBalancer?.ingress?.[0]?.ip
}

/** What this machine is answered. */
async function ask(address: string, path = '/'): Promise<string> {
  const answer = await fetch(`http://${address}${path}`, {
    signal: AbortSignal.timeout(1_000),
    headers: { connection: 'close' },
  })
  return (await answer.text()).trim()
}

/** `knest open`, as soon as it has printed where. */
async function openService(
  ...words: readonly string[]
): Promise<{ readonly address: string; stop(): Promise<Outcome> }> {
  let outcome: Promise<Outcome> | undefined
  const [url, child] = await new Promise<[string, ChildProcess]>((resolve, reject) => {
    outcome = runKnest(home, ['open', ...words, '--context', hostContext], {
      onStdout: (text, its) => resolve([text.trim(), its]),
    })
    outcome.then(({ stderr }) => reject(new Error(stderr)), reject)
  })
  const stop = async (): Promise<Outcome> => {
    child.kill('SIGINT')
    return (await outcome) ?? Promise.reject(new Error('it was not run'))
  }
  return { address: url.replace('http://', ''), stop }
}

/** kube-proxy of the host hears of it a moment later. */
function closes(address: string): Promise<number> {
  const isClosed = (): Promise<boolean> =>
    ask(address).then(
      () => false,
      () => true,
    )
  return secondsUntil(isClosed, 5, `${address} to answer no more`)
}

describe.skipIf(range === undefined)('a Service of type LoadBalancer', () => {
  let before: readonly string[]
  let clusters: readonly TestCluster[] = []
  const clusterOf = (index: number): TestCluster => {
    const found = clusters[index]
    if (found === undefined) throw new Error('there is no such cluster')
    return found
  }

  beforeAll(async () => {
    before = await quietInventory(host)
    await knest(home, 'host', 'install', 'controller', '--timeout', '2m')
    clusters = await Promise.all(names.map((name) => createCluster(name, '--worker-machine-count', '0')))
  })
  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.remove()))
    await knest(home, 'host', 'uninstall', 'controller')
    await expectInventory(host, before)
    host.close()
    home.remove()
  })

  it('answers this machine two seconds after its pod is Ready, in two clusters side by side', async () => {
    const addresses = await Promise.all(
      clusters.map(async ({ api, name }) => {
        await api.create(balancer({}), { signal: never })
        await runPods(api, [webPod(`in-${name}`, undefined)])
        const readyAt = Date.now()
        const isAnswered = async (): Promise<boolean> => (await ask(await addressOf(api))) === `in-${name}`
        await secondsUntil(isAnswered, 2, `Service "web" of ${name} to answer`)
        console.log(`${name}: answered ${Date.now() - readyAt} ms after its pod was Ready`)
        return addressOf(api)
      }),
    )
    expect(new Set(addresses).size).toBe(2)
    // From the host's network, too.
    const asked = `busybox wget -qO- -T 2 http://${addresses[0] ?? ''}/`
    expect(await shell(clusterOf(1).api, `in-${names[1]}`, asked)).toBe(`in-${names[0]}`)
  })

  it('is opened at its address, another Service at a port of this machine that goes on with the next pod', async () => {
    const { api, name } = clusterOf(1)
    expect(await knest(home, 'open', name, 'svc/web')).toBe(`http://${await addressOf(api)}:80\n`)

    await api.create(balancer({ type: 'ClusterIP' }, { name: 'plain' }), { signal: never })
    const opened = await openService(name, 'svc/plain')
    expect(await ask(opened.address)).toBe(`in-${name}`)
    await runPods(api, [webPod('next', undefined)])
    await api.delete(podKind, `in-${name}`, 'default', { signal: never, gracePeriodSeconds: 0 })
    const goesOn = async (): Promise<boolean> => (await ask(opened.address)) === 'next'
    await secondsUntil(goesOn, 5, 'the next pod to answer')
    const { code, stdout } = await opened.stop()
    expect({ code, stdout }).toEqual({ code: 130, stdout: `http://${opened.address}\n` })
    await expect(ask(opened.address)).rejects.toThrow()
  })

  it('goes when its cluster is to have none, and comes back', async () => {
    const { api, name, namespace } = clusterOf(1)
    const to = (loadBalancers: string): Promise<KubeObject> =>
      host.patch(
        nestedClusterKind,
        name,
        namespace,
        { spec: { addons: { loadBalancers } } },
        { signal: never },
      )
    await to('none')
    const isGone = async (): Promise<boolean> =>
      ipOf(await api.get(serviceKind, 'web', 'default', never)) === undefined
    await secondsUntil(isGone, 10, 'the address to go')
    await to('host')
    await secondsUntil(
      async () => (await ask(await addressOf(api))) === 'next',
      10,
      'the address to come back',
    )
  })

  it('carries UDP', async () => {
    const dns = { selector: { 'k8s-app': 'kube-dns' }, ports: [{ port: 53, protocol: 'UDP' }] }
    await clusterOf(0).api.create(balancer(dns, { name: 'dns', namespace: 'kube-system' }), { signal: never })
    const resolver = new Resolver({ timeout: 1_000, tries: 2 })
    resolver.setServers([await addressOf(clusterOf(0).api, 'dns', 'kube-system')])
    const resolves = async (): Promise<boolean> =>
      (await resolver.resolve4('kubernetes.default.svc.cluster.local')).length === 1
    await secondsUntil(resolves, 5, 'a name to be resolved')
  })

  it('shows the client to the pod with externalTrafficPolicy Local', async () => {
    const { api } = clusterOf(0)
    const script = "printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' >/www/cgi-bin/who"
    await shell(api, `in-${names[0]}`, `mkdir -p /www/cgi-bin && ${script} && chmod +x /www/cgi-bin/who`)
    const address = await addressOf(api)
    const mine = Object.values(networkInterfaces()).flatMap((each) => each?.map((one) => one.address) ?? [])
    const isSeen = async (): Promise<boolean> =>
      mine.includes((await ask(address, '/cgi-bin/who')).replace(/^\[::ffff:(.*)\]$/, '$1'))
    expect(await isSeen()).toBe(false)
    await api.patch(
      serviceKind,
      'web',
      'default',
      { spec: { externalTrafficPolicy: 'Local' } },
      { signal: never },
    )
    await secondsUntil(isSeen, 10, 'the client to be seen')
  })

  it('changes its ports, and goes with all that was made for it', async () => {
    const { api, namespace } = clusterOf(0)
    const address = await addressOf(api)
    const hostServices = async (): Promise<number> =>
      (await host.list(serviceKind, { namespace, labelSelector: 'knest.dev/load-balancer', signal: never }))
        .length
    const ports = [{ port: 8000, targetPort: 8080, protocol: 'TCP' }]
    await api.patch(serviceKind, 'web', 'default', { spec: { ports } }, { signal: never })
    await secondsUntil(async () => (await ask(`${address}:8000`)) !== '', 5, 'the new port to answer')
    await closes(address)
    expect(await hostServices()).toBe(2)
    expect((await api.get(serviceKind, 'web', 'default', never))?.metadata.finalizers).toEqual(finalizers)

    await api.delete(serviceKind, 'web', 'default', { signal: never })
    const isGone = async (): Promise<boolean> =>
      (await api.get(serviceKind, 'web', 'default', never)) === undefined
    await secondsUntil(isGone, 10, 'the Service to go')
    expect(await hostServices()).toBe(1)
    await closes(`${address}:8000`)
  })
})
