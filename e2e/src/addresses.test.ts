import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKubernetesHome, detectAddressAdapter } from '@knest/core'
import { detectHostNetwork } from 'knest/spec'
import type { AddressReservation, AddressOptions, KubeApi, KubeObject } from 'knest'
import { createCalicoAddresses } from '@knest/persistent-ip-calico'
import { createKubeOvnAddresses } from '@knest/persistent-ip-kube-ovn'
import { createPodNodeBackend } from 'knest/pod'
import { describeAddressAdapter, sampleSpec } from '@knest/testing'
import { never, openHost } from './support/cluster.js'
import { installDefinitions, missingDefinitions } from './support/crds.js'
import { embeddedContainer, installFixedAddresses } from './support/equipment.js'
import { createHome } from './support/home.js'
import type { TestHome } from './support/home.js'

const podKind = { apiVersion: 'v1', kind: 'Pod' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }

let home: TestHome
let host: KubeApi
/** The host's own CNI when it is one that keeps addresses. */
let own: 'calico' | 'kube-ovn' | undefined

beforeAll(async () => {
  home = createHome()
  host = await openHost(home)
  const { cni } = await detectHostNetwork(host, never)
  own = detectAddressAdapter(cni)
  console.log(`addresses.test.ts: the host's CNI is ${cni ?? 'unknown'}`)
})

afterAll(() => {
  host.close()
  home.remove()
})

// Both adapters on a real API server that has the CNI's resource definitions and nothing of the CNI itself.
describeOnCrds('calico', 'Calico', (api) => createCalicoAddresses.bind(undefined, api), {
  range: '203.0.113.8-203.0.113.15',
  objects: [
    {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'knest-e2e' },
      // A real Calico must not give its addresses to other pods meanwhile.
      spec: { cidr: '203.0.113.0/24', nodeSelector: '!all()' },
    },
  ],
})
describeOnCrds('kube-ovn', 'Kube-OVN', (api) => createKubeOvnAddresses.bind(undefined, api), {
  range: '203.0.113.8-203.0.113.15',
  objects: [
    {
      apiVersion: 'kubeovn.io/v1',
      kind: 'Subnet',
      metadata: { name: 'knest-e2e' },
      spec: { cidrBlock: '203.0.113.0/24', gateway: '203.0.113.1', protocol: 'IPv4' },
    },
  ],
})

function describeOnCrds(
  folder: string,
  title: string,
  open: (api: KubeApi) => (options: AddressOptions) => ReturnType<typeof createCalicoAddresses>,
  { range, objects }: { range: string; objects: readonly KubeObject[] },
): void {
  const missing = missingDefinitions(folder)
  if (missing !== undefined) {
    console.log(`skipped: ${title}: ${missing}`)
    it.skip(`${title}: ${missing}`, () => undefined)
    return
  }
  describeAddressAdapter(`${title} on a real API server`, async () => {
    // As long as they are there, knest takes the host's CNI for another: no other test may run beside this.
    const definitions = await installDefinitions(host, folder, objects)
    return {
      open: open(host),
      range,
      outside: '198.51.100.1',
      cleanUp: () => definitions.remove(),
    }
  })
}

// What a pod's annotations do, on the host's own CNI or on the equipment that stands in for it.
describe.each([
  { adapter: 'calico' as const, annotations: calicoAnnotations },
  { adapter: 'kube-ovn' as const, annotations: kubeOvnAnnotations },
])('a node with a lease of $adapter', ({ adapter, annotations }) => {
  const cluster = { name: 'e2e-address', namespace: 'knest-e2e-address' }
  const node = 'e2e-address-worker-0'
  let reservation: AddressReservation
  let unequip: (() => void) | undefined
  let skipped: string | undefined

  beforeAll(async () => {
    const container = embeddedContainer()
    if (own !== undefined && own !== adapter) skipped = `the host has ${own}`
    else if (own === undefined && container === undefined)
      skipped = `the host has neither CNI nor test equipment`
    else if (own === undefined) {
      console.log(`${adapter}: runs on test equipment (e2e/fixed-address-cni), not on the real CNI`)
      unequip = installFixedAddresses(container ?? '')
    } else console.log(`${adapter}: runs on the host's own CNI`)
    const ip = process.env.KNEST_E2E_ADDRESS ?? (await lastFreeAddress())
    const mac = `52:54:00:${ip.split('.').slice(1).map(hexByte).join(':')}`
    reservation = { ip, mac, annotations: annotations(ip, mac) }
  }, 300_000)

  afterAll(async () => {
    await createKubernetesHome(host).remove(cluster, { keepData: false, signal: never })
    unequip?.()
  }, 300_000)

  it('comes back with the same IP and MAC when its pod is deleted', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const record = await createKubernetesHome(host).create(cluster, sampleSpec, never)
    const backend = createPodNodeBackend(host)
    const handle = await backend.ensureNode(
      {
        cluster,
        clusterUid: record.uid,
        name: node,
        role: 'worker',
        pool: 'worker',
        image: sampleSpec.image,
        machine: { cpuCores: 1, memorySize: '1Gi', rootfsSize: '1Gi' },
        identity: undefined,
        hosts: [],
        reservation,
        persistent: false,
        storageClass: undefined,
        hostPatches: [],
      },
      never,
    )
    const macOf = async (): Promise<string> =>
      (
        await handle.execText(['cat', '/sys/class/net/eth0/address'], { timeoutMs: 30_000, signal: never })
      ).stdout.trim()
    const before = await runningPod(cluster.namespace, `${node}-0`, '')
    expect([podIp(before), await macOf()]).toEqual([reservation.ip, reservation.mac])

    await host.delete(podKind, `${node}-0`, cluster.namespace, { signal: never })
    const after = await runningPod(cluster.namespace, `${node}-0`, before.metadata.uid ?? '')
    expect(after.metadata.uid).not.toBe(before.metadata.uid)
    expect([podIp(after), await macOf()]).toEqual([reservation.ip, reservation.mac])
  })

  it('keeps its address from a second pod, which is told why', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    await host.create(
      {
        ...podKind,
        metadata: { name: 'thief', namespace: cluster.namespace, annotations: reservation.annotations },
        spec: {
          tolerations: [{ operator: 'Exists' }],
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'c',
              image: sampleSpec.image,
              imagePullPolicy: 'IfNotPresent',
              command: ['sleep', '600'],
            },
          ],
        },
      },
      { signal: never },
    )
    const options = {
      cluster,
      candidates: [reservation.ip],
      nodes: 1,
      clusters: () => Promise.resolve([cluster]),
    }
    // The equipment says it in Calico's words, whichever annotations ask.
    const open =
      unequip !== undefined || adapter === 'calico' ? createCalicoAddresses : createKubeOvnAddresses
    const opened = open(host, options)
    const isRefusal = (event: KubeObject): boolean =>
      (event.involvedObject as { name?: string }).name === 'thief' &&
      opened.explain(`${String(event.reason)} ${String(event.message)}`) !== undefined
    const events = await host.waitFor(
      { apiVersion: 'v1', kind: 'Event' },
      { namespace: cluster.namespace },
      (found) => found.some(isRefusal),
      {
        timeoutMs: 120_000,
        signal: never,
        awaited: 'the second pod to be refused its address',
        describe: (found) =>
          found
            .map((event) => String(event.message))
            .join('\n')
            .slice(-2000),
      },
    )
    if (unequip !== undefined)
      expect(String(events.find(isRefusal)?.message)).toContain('Address already assigned in block')
    const thief = await host.get(podKind, 'thief', cluster.namespace, never)
    expect(podIp(thief)).toBe('')
    // What knest did not make keeps the namespace.
    await host.delete(podKind, 'thief', cluster.namespace, { signal: never })
  })
})

function calicoAnnotations(ip: string, mac: string): Record<string, string> {
  return { 'cni.projectcalico.org/ipAddrs': JSON.stringify([ip]), 'cni.projectcalico.org/hwAddr': mac }
}

function kubeOvnAnnotations(ip: string, mac: string): Record<string, string> {
  return { 'ovn.kubernetes.io/ip_address': ip, 'ovn.kubernetes.io/mac_address': mac }
}

/** High in the first node's subnet, where automatic assignment comes last. */
async function lastFreeAddress(): Promise<string> {
  const [first] = await host.list(nodeKind, { signal: never })
  const { podCIDR = '' } = first?.spec as { podCIDR?: string }
  const used = (await host.list(podKind, { signal: never })).map(podIp)
  const prefix = podCIDR.split('.').slice(0, 3).join('.')
  const free = Array.from({ length: 50 }, (_, place) => `${prefix}.${250 - place}`).find(
    (ip) => !used.includes(ip),
  )
  if (free === undefined) throw new Error(`no address of ${podCIDR} is free; give one in KNEST_E2E_ADDRESS`)
  return free
}

async function runningPod(namespace: string, name: string, notUid: string): Promise<KubeObject> {
  const isIt = (pod: KubeObject): boolean =>
    pod.metadata.uid !== notUid && podIp(pod) !== '' && (pod.status as { phase?: string }).phase === 'Running'
  const selector = { namespace, fieldSelector: `metadata.name=${name}` }
  const pods = await host.waitFor(podKind, selector, (found) => found.some(isIt), {
    timeoutMs: 120_000,
    signal: never,
    awaited: `pod "${name}" to run`,
    describe: (found) => JSON.stringify(found[0]?.status ?? 'absent').slice(0, 1000),
  })
  const [pod] = pods
  if (pod === undefined) throw new Error(`pod "${name}" is not there`)
  return pod
}

function podIp(pod: KubeObject | undefined): string {
  return (pod?.status as { podIP?: string } | undefined)?.podIP ?? ''
}

function hexByte(text: string): string {
  return Number(text).toString(16).padStart(2, '0')
}
