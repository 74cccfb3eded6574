import type { OccupiedRange } from '../contracts/cluster-home.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { parseInt64 } from '../values/index.js'
import { at, listAt, numberAt, textAt, type HostReader } from './host-reader.js'
import { occupiedBy } from './occupied.js'

/** What one CNI tells of the host's pod network. */
export interface CniFacts {
  readonly name: string
  readonly ranges: readonly OccupiedRange[]
  readonly tunnelPorts: readonly number[]
  /** Told by its configuration; otherwise `overhead` is taken off the usual 1500. */
  readonly mtu: number | undefined
  readonly overhead: number
}

const configMap = { apiVersion: 'v1', kind: 'ConfigMap' }
const overheads = { vxlan: 50, ipip: 20, geneve: 100, wireguard: 60 } as const

export async function readKubeOvn(reader: HostReader): Promise<CniFacts | undefined> {
  const subnets = await reader.list({ apiVersion: 'kubeovn.io/v1', kind: 'Subnet' })
  if (subnets.length === 0) return undefined
  return {
    name: 'Kube-OVN',
    ranges: subnets.flatMap((subnet) =>
      occupiedBy(
        `Kube-OVN Subnet "${subnet.metadata.name}" of the host`,
        textAt(subnet, 'spec', 'cidrBlock'),
      ),
    ),
    tunnelPorts: [6081],
    mtu: undefined,
    overhead: overheads.geneve,
  }
}

export async function readCalico(
  reader: HostReader,
  daemonSets: Promise<readonly KubeObject[]>,
): Promise<CniFacts | undefined> {
  const crd = 'crd.projectcalico.org/v1'
  const [stored, served, felixes, config, installation] = await Promise.all([
    reader.list({ apiVersion: crd, kind: 'IPPool' }),
    reader.list({ apiVersion: 'projectcalico.org/v3', kind: 'IPPool' }),
    reader.list({ apiVersion: crd, kind: 'FelixConfiguration' }),
    reader.get(configMap, 'calico-config', 'kube-system'),
    reader.get({ apiVersion: 'operator.tigera.io/v1', kind: 'Installation' }, 'default'),
  ])
  const pools = stored.length > 0 ? stored : served
  if (pools.length === 0) return undefined
  const isOn = (mode: string): boolean =>
    pools.some((pool) => ['Always', 'CrossSubnet'].includes(textAt(pool, 'spec', mode) ?? 'Never'))
  const felix = felixes.find(({ metadata }) => metadata.name === 'default')
  const env = await felixEnvironment(reader, await daemonSets)
  const encrypts = env.get(felixWireguard) ?? String(at(felix, 'spec', 'wireguardEnabled') === true)
  const wireguard = isTrue(encrypts) ? overheads.wireguard : 0
  const encapsulation = isOn('vxlanMode') ? overheads.vxlan : isOn('ipipMode') ? overheads.ipip : 0
  return {
    name: 'Calico',
    ranges: pools.flatMap((pool) =>
      occupiedBy(`Calico IPPool "${pool.metadata.name}" of the host`, textAt(pool, 'spec', 'cidr')),
    ),
    // Felix drops its own port from pods whether or not VXLAN is in use.
    tunnelPorts: felixPorts(env.get(felixPort), felix, felixes),
    mtu:
      positive(numberAt(installation, 'spec', 'calicoNetwork', 'mtu')) ??
      positive(numberAt(config, 'data', 'veth_mtu')),
    overhead: Math.max(wireguard, encapsulation),
  }
}

/** Felix takes its environment before the configuration of its node, and that before the one for all. */
function felixPorts(
  byEnvironment: string | undefined,
  forAll: KubeObject | undefined,
  all: readonly KubeObject[],
): readonly number[] {
  const told = parseInt64(byEnvironment ?? '')
  if (told !== undefined) return [Number(told)]
  const ofNodes = all
    .filter((one) => one !== forAll)
    .flatMap((one) => numberAt(one, 'spec', 'vxlanPort') ?? [])
  return [numberAt(forAll, 'spec', 'vxlanPort') ?? 4789, ...ofNodes]
}

const felixPort = 'FELIX_VXLANPORT'
const felixWireguard = 'FELIX_WIREGUARDENABLED'

/** What counts here of the containers that run Felix, wherever the DaemonSet is and whatever it is called. */
async function felixEnvironment(
  reader: HostReader,
  daemonSets: readonly KubeObject[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const set of daemonSets) {
    const containers = listAt(set, 'spec', 'template', 'spec', 'containers')
    for (const container of containers.filter((one) => textAt(one, 'name') === 'calico-node')) {
      for (const entry of listAt(container, 'env')) {
        const name = textAt(entry, 'name') ?? ''
        if (name !== felixPort && name !== felixWireguard) continue
        const value = textAt(entry, 'value') ?? (await referredTo(reader, entry, set.metadata.namespace))
        if (value !== undefined) found.set(name, value)
      }
    }
  }
  return found
}

async function referredTo(
  reader: HostReader,
  entry: unknown,
  namespace: string | undefined,
): Promise<string | undefined> {
  const key = textAt(entry, 'valueFrom', 'configMapKeyRef', 'key')
  const name = textAt(entry, 'valueFrom', 'configMapKeyRef', 'name')
  if (key === undefined || name === undefined) return undefined
  return textAt(await reader.get(configMap, name, namespace), 'data', key)
}

function isTrue(text: string): boolean {
  return /^(true|yes|y|1|t|enabled)$/i.test(text.trim())
}

export async function readCilium(reader: HostReader): Promise<CniFacts | undefined> {
  const [config, nodes] = await Promise.all([
    reader.get(configMap, 'cilium-config', 'kube-system'),
    reader.list({ apiVersion: 'cilium.io/v2', kind: 'CiliumNode' }),
  ])
  if (config === undefined && nodes.length === 0) return undefined
  // `tunnel` is what releases before 1.14 had in place of the other two.
  const legacy = textAt(config, 'data', 'tunnel')
  const protocol = textAt(config, 'data', 'tunnel-protocol') ?? (legacy === 'geneve' ? 'geneve' : 'vxlan')
  const isTunnel = textAt(config, 'data', 'routing-mode') !== 'native' && legacy !== 'disabled'
  const port = numberAt(config, 'data', 'tunnel-port') ?? (protocol === 'geneve' ? 6081 : 8472)
  return {
    name: 'Cilium',
    ranges: [
      ...occupiedBy(
        'pod CIDR of the host (ConfigMap kube-system/cilium-config)',
        textAt(config, 'data', 'cluster-pool-ipv4-cidr'),
        textAt(config, 'data', 'ipv4-native-routing-cidr'),
      ),
      ...nodes.flatMap((node) =>
        occupiedBy(
          `pod CIDR of host node "${node.metadata.name}" (CiliumNode)`,
          ...listAt(node, 'spec', 'ipam', 'podCIDRs').map(String),
        ),
      ),
    ],
    tunnelPorts: isTunnel ? [port] : [],
    mtu: positive(numberAt(config, 'data', 'mtu')),
    overhead: isTunnel ? overheads.vxlan : 0,
  }
}

export async function readFlannel(
  reader: HostReader,
  nodes: readonly KubeObject[],
): Promise<CniFacts | undefined> {
  const places = [
    ['kube-flannel', 'kube-flannel-cfg'],
    ['kube-system', 'kube-flannel-cfg'],
    ['kube-system', 'canal-config'],
  ] as const
  const found = await Promise.all(places.map(([namespace, name]) => reader.get(configMap, name, namespace)))
  const index = found.findIndex((config) => config !== undefined)
  const [namespace, name] = places[index] ?? []
  const network = parseJson(textAt(found[index], 'data', 'net-conf.json'))
  // k3s runs flannel inside its own process: there is no ConfigMap, but nodes are annotated.
  const annotated = nodes
    .map((node) => node.metadata.annotations?.['flannel.alpha.coreos.com/backend-type'])
    .find((type) => type !== undefined)
  if (index === -1 && annotated === undefined) return undefined
  const type = textAt(network, 'Backend', 'Type') ?? annotated ?? 'vxlan'
  const underlay = numberAt(network, 'Backend', 'MTU')
  const overhead = type === 'vxlan' ? overheads.vxlan : type === 'wireguard' ? overheads.wireguard : 0
  return {
    name: name === 'canal-config' ? 'canal (Calico policy on flannel)' : 'flannel',
    ranges: occupiedBy(
      `pod CIDR of the host (ConfigMap ${namespace ?? ''}/${name ?? ''})`,
      textAt(network, 'Network'),
    ),
    tunnelPorts: type === 'vxlan' ? [numberAt(network, 'Backend', 'Port') ?? 8472] : [],
    mtu: underlay === undefined ? undefined : underlay - overhead,
    overhead,
  }
}

/** CNIs known by their DaemonSet alone: they keep no configuration that is worth reading here. */
const byDaemonSet: Readonly<Record<string, Omit<CniFacts, 'ranges' | 'mtu'>>> = {
  'antrea-agent': { name: 'Antrea', tunnelPorts: [6081], overhead: overheads.geneve },
  'ovnkube-node': { name: 'OVN-Kubernetes', tunnelPorts: [6081], overhead: overheads.geneve },
  kindnet: { name: 'kindnet', tunnelPorts: [], overhead: 0 },
  'aws-node': { name: 'Amazon VPC CNI', tunnelPorts: [], overhead: 0 },
  'azure-cns': { name: 'Azure CNI', tunnelPorts: [], overhead: 0 },
  anetd: { name: 'GKE Dataplane V2', tunnelPorts: [8472], overhead: overheads.vxlan },
  'weave-net': { name: 'Weave Net', tunnelPorts: [6784], overhead: 124 },
  'kube-router': { name: 'kube-router', tunnelPorts: [], overhead: overheads.ipip },
}

export async function readOtherCni(
  daemonSets: Promise<readonly KubeObject[]>,
): Promise<CniFacts | undefined> {
  const known = (await daemonSets)
    .map((set) => byDaemonSet[set.metadata.name])
    .find((facts) => facts !== undefined)
  return known === undefined ? undefined : { ...known, ranges: [], mtu: undefined }
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}
