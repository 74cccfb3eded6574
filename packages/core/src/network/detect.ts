import { parse } from 'yaml'
import type { HomeFacts, OccupiedRange } from '../contracts/cluster-home.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { ipFamily } from '../values/index.js'
import { cidrAround, contains, parseAddress, parseCidr } from './cidr.js'
import { readCalico, readCilium, readFlannel, readKubeOvn, readOtherCni, type CniFacts } from './host-cni.js'
import { at, createHostReader, listAt, textAt, type HostReader } from './host-reader.js'
import { occupiedBy } from './occupied.js'

export interface HostNetwork extends Omit<HomeFacts, 'serviceType'> {
  /** How `podMtu` is known, as in `1500 less 50 for Calico`. */
  readonly podMtuKnownBy: string
}

/**
 * Reads every place that tells which ranges, tunnel ports and MTU the host's network has, all at once.
 * Changes nothing. What is absent or forbidden is passed over; it becomes a warning only when the
 * host's pod or Service range stays unknown.
 */
export async function detectHostNetwork(api: KubeApi, signal: AbortSignal): Promise<HostNetwork> {
  const reader = createHostReader(api, signal)
  const nodesRead = reader.list({ apiVersion: 'v1', kind: 'Node' })
  const daemonSets = reader.list({ apiVersion: 'apps/v1', kind: 'DaemonSet' })
  const [nodes, systemPods, kubeadm, serviceCidrs, cnis, pools, guests] = await Promise.all([
    nodesRead,
    reader.list(pod, 'kube-system'),
    readKubeadm(reader),
    reader.list({ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR' }),
    // Best evidence first. Calico's CRDs are there with canal too, whose network is flannel's.
    Promise.all([
      readKubeOvn(reader),
      nodesRead.then((found) => readFlannel(reader, found)),
      readCalico(reader, daemonSets),
      readCilium(reader),
      readOtherCni(daemonSets),
    ]),
    readAddressPools(reader),
    readMasqueradedVms(reader),
  ])
  const [kubeOvn, flannel, calico, cilium, other] = cnis
  const isCanal = flannel?.name.startsWith('canal') === true
  const cni = kubeOvn ?? (isCanal ? flannel : undefined) ?? calico ?? cilium ?? flannel ?? other

  const pods = [
    ...cnis.flatMap((facts) => facts?.ranges ?? []),
    ...occupiedBy('pod CIDR of the host (ConfigMap kube-system/kubeadm-config)', kubeadm.podSubnet),
    ...argumentRanges(systemPods, 'kube-controller-manager', '--cluster-cidr', 'pod CIDR of the host'),
    ...nodes.flatMap((node) =>
      occupiedBy(
        `pod CIDR of host node "${node.metadata.name}"`,
        ...listAt(node, 'spec', 'podCIDRs').map(String),
        textAt(node, 'spec', 'podCIDR'),
      ),
    ),
  ]
  const seenPods = pods.length > 0 ? systemPods : await reader.list(pod)
  const strayPods = podsOutside(seenPods, pods)
  const services = [
    ...serviceCidrs.flatMap((range) =>
      occupiedBy(
        `Service CIDR of the host (ServiceCIDR "${range.metadata.name}")`,
        ...listAt(range, 'spec', 'cidrs').map(String),
      ),
    ),
    ...occupiedBy('Service CIDR of the host (ConfigMap kube-system/kubeadm-config)', kubeadm.serviceSubnet),
    ...argumentRanges(systemPods, 'kube-apiserver', '--service-cluster-ip-range', 'Service CIDR of the host'),
  ]
  const seenServices = services.length > 0 ? [] : await readServiceAddresses(reader)
  return {
    occupied: [
      ...pods,
      ...strayPods,
      ...services,
      ...seenServices,
      ...nodeAddresses(nodes),
      ...pools,
      ...guests,
    ],
    cni: cni?.name,
    tunnelPorts: [...new Set(cnis.flatMap((facts) => facts?.tunnelPorts ?? []))].sort((a, b) => a - b),
    ...podMtu(cni),
    problems: unknown(
      [
        ...(pods.length === 0 ? [{ range: 'pod network', isGuessed: strayPods.length > 0 }] : []),
        ...(services.length === 0 ? [{ range: 'Service range', isGuessed: seenServices.length > 0 }] : []),
      ],
      reader,
    ),
  }
}

const pod = { apiVersion: 'v1', kind: 'Pod' }

async function readKubeadm(reader: HostReader): Promise<{ podSubnet?: string; serviceSubnet?: string }> {
  const config = await reader.get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kubeadm-config', 'kube-system')
  const text = textAt(config, 'data', 'ClusterConfiguration')
  if (text === undefined) return {}
  let networking: unknown
  try {
    networking = at(parse(text), 'networking')
  } catch {
    return {}
  }
  const podSubnet = textAt(networking, 'podSubnet')
  const serviceSubnet = textAt(networking, 'serviceSubnet')
  return {
    ...(podSubnet === undefined ? {} : { podSubnet }),
    ...(serviceSubnet === undefined ? {} : { serviceSubnet }),
  }
}

/** Flags of the control plane's static pods. */
function argumentRanges(
  pods: readonly KubeObject[],
  component: string,
  flag: string,
  usedBy: string,
): OccupiedRange[] {
  const words = pods
    .filter((found) => found.metadata.labels?.component === component)
    .flatMap((found) => listAt(found, 'spec', 'containers'))
    .flatMap((container) => [...listAt(container, 'command'), ...listAt(container, 'args')].map(String))
  const values = words.flatMap((word, index) =>
    word === flag ? [words[index + 1]] : word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : [],
  )
  return occupiedBy(`${usedBy} (${component} ${flag})`, ...new Set(values))
}

/** Addresses of pods that no known range holds: their range is taken to be the /24 around them. */
function podsOutside(pods: readonly KubeObject[], known: readonly OccupiedRange[]): OccupiedRange[] {
  const ranges = known.map((range) => parseCidr(range.cidr))
  const found = new Map<string, OccupiedRange>()
  for (const one of pods) {
    const address = textAt(one, 'status', 'podIP')
    if (address === undefined || address.includes(':') || at(one, 'spec', 'hostNetwork') === true) continue
    const around = cidrAround(parseAddress(address), 24)
    const single = cidrAround(parseAddress(address), 32)
    if (found.has(around.text) || ranges.some((range) => contains(range, single))) continue
    const name = `${one.metadata.namespace ?? ''}/${one.metadata.name}`
    found.set(around.text, { cidr: around.text, usedBy: `addresses around pod "${name}" of the host` })
  }
  return [...found.values()]
}

/** The last resort: Service addresses lie somewhere in the range that is looked for. */
async function readServiceAddresses(reader: HostReader): Promise<OccupiedRange[]> {
  const services = await reader.list({ apiVersion: 'v1', kind: 'Service' })
  const around = new Map<string, OccupiedRange>()
  for (const service of services) {
    const address = textAt(service, 'spec', 'clusterIP')
    if (address === undefined || ipFamily(address) !== 4) continue
    const { text } = cidrAround(parseAddress(address), 16)
    const name = `${service.metadata.namespace ?? ''}/${service.metadata.name}`
    if (!around.has(text))
      around.set(text, { cidr: text, usedBy: `addresses around Service "${name}" of the host` })
  }
  return [...around.values()]
}

function nodeAddresses(nodes: readonly KubeObject[]): OccupiedRange[] {
  return nodes.flatMap((node) =>
    listAt(node, 'status', 'addresses')
      .filter((address) => ['InternalIP', 'ExternalIP'].includes(textAt(address, 'type') ?? ''))
      .flatMap((address) =>
        occupiedBy(`address of host node "${node.metadata.name}"`, textAt(address, 'address')),
      ),
  )
}

/** Ranges that load balancers on the host hand out. */
async function readAddressPools(reader: HostReader): Promise<OccupiedRange[]> {
  const [metallb, cilium, reserved] = await Promise.all([
    reader.list({ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool' }),
    reader.list({ apiVersion: 'cilium.io/v2alpha1', kind: 'CiliumLoadBalancerIPPool' }),
    reader.list({ apiVersion: 'crd.projectcalico.org/v1', kind: 'IPReservation' }),
  ])
  return [
    ...metallb.flatMap((pool) =>
      occupiedBy(
        `MetalLB IPAddressPool "${pool.metadata.name}" of the host`,
        // A range may have blanks around its "-".
        ...listAt(pool, 'spec', 'addresses').map((range) => String(range).replace(/\s/g, '')),
      ),
    ),
    ...cilium.flatMap((pool) =>
      occupiedBy(
        `Cilium load-balancer pool "${pool.metadata.name}" of the host`,
        ...listAt(pool, 'spec', 'blocks').map((block) => {
          const [start, stop] = [textAt(block, 'start'), textAt(block, 'stop')]
          return textAt(block, 'cidr') ?? (start === undefined ? undefined : `${start}-${stop ?? start}`)
        }),
      ),
    ),
    ...reserved.flatMap((reservation) =>
      occupiedBy(
        `Calico IPReservation "${reservation.metadata.name}" of the host`,
        ...listAt(reservation, 'spec', 'reservedCIDRs').map(String),
      ),
    ),
  ]
}

/** Every masqueraded VM sees itself as 10.0.2.2, so it cannot reach a cluster in that range. */
async function readMasqueradedVms(reader: HostReader): Promise<OccupiedRange[]> {
  const machines = await reader.list({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' })
  const ranges = machines
    .filter((machine) =>
      listAt(machine, 'spec', 'domain', 'devices', 'interfaces').some(
        (nic) => at(nic, 'masquerade') !== undefined,
      ),
    )
    .flatMap((machine) =>
      listAt(machine, 'spec', 'networks').map(
        (network) => textAt(network, 'pod', 'vmNetworkCIDR') ?? '10.0.2.0/24',
      ),
    )
  return occupiedBy('inner addresses of masqueraded VMs of the host', ...new Set(ranges))
}

/** Most networks have it; a host with a smaller one says so in its CNI's configuration. */
const usualMtu = 1500

function podMtu(cni: CniFacts | undefined): { readonly podMtu: number; readonly podMtuKnownBy: string } {
  if (cni?.mtu !== undefined) return { podMtu: cni.mtu, podMtuKnownBy: `the configuration of ${cni.name}` }
  const overhead = cni?.overhead ?? 50
  const why = cni === undefined ? 'an unknown CNI' : cni.name
  return { podMtu: usualMtu - overhead, podMtuKnownBy: `${usualMtu} less ${overhead} for ${why}` }
}

/** What every host has and tells most by. */
const telling = ['Nodes', 'ServiceCIDRs', 'ConfigMap kube-system/kubeadm-config']

/** All that is not known, in one warning. */
function unknown(
  missing: readonly { readonly range: string; readonly isGuessed: boolean }[],
  { denied }: HostReader,
): readonly Problem[] {
  if (missing.length === 0) return []
  const ranges = missing.map(({ range }) => range).join(' and ')
  const [are, them] = missing.length === 1 ? ['is', 'it'] : ['are', 'them']
  const guessed = missing.filter(({ isGuessed }) => isGuessed)
  const how =
    guessed.length === 0
      ? ''
      : ` and only guessed from addresses in use${guessed.length < missing.length ? ` (${guessed.map(({ range }) => range).join()})` : ''}`
  const named = telling.filter((what) => denied.includes(what))
  const more = denied.length - named.length
  const all =
    named.length === 0 ? denied.join(', ') : named.join(', ') + (more > 0 ? ` and ${more} more` : '')
  const why = denied.length === 0 ? '' : `, not permitted to read ${all}`
  return [
    {
      message: `the host's ${ranges} ${are} not known${how}${why}`,
      hint: `make sure that the nested ranges do not overlap ${them}, or name ${them} with --avoid-cidr`,
      severity: 'warning',
    },
  ]
}
