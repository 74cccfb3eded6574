import { isIPv4 } from 'node:net'
import {
  cidrAround,
  KnestError,
  labels,
  nodeIndex,
  nthAddress,
  overlaps,
  parseAddress,
  parseCidr,
  type ClusterRecord,
  type ClusterRef,
  type ClusterSpec,
  type OccupiedRange,
} from '@knest/core'
import type { ContainerEngine, EngineName } from './engine.js'
import { inspectObject, parseNetwork, type NetworkObject } from './objects.js'
import { readMachineNetwork } from './machine-network.js'
import { clusterLabels, labelArguments, networkName } from './names.js'
import { lastWords } from './program.js'
import { chooseSubnet } from './subnet.js'

/** Control planes have these addresses of the network, by index; the first ones are the gateway's and spare. */
const firstControlPlaneAddress = 10
const firstWorkerAddress = 30
const lastAddress = 127
/** Where the upper half of the first 256 addresses begins: load balancers have those. */
const firstBalancerAddress = 128
const halfPrefix = 25
/** Of ranges that knest chooses. */
const usualPrefix = 24

export async function inspectNetwork(
  engine: ContainerEngine,
  cluster: string,
  signal: AbortSignal,
): Promise<NetworkObject | undefined> {
  const found = await inspectObject(engine, 'network', networkName(cluster), signal)
  return found === undefined ? undefined : parseNetwork(found)
}

/**
 * The cluster's network. When it is not there it is made with the range that it had, or is to have: what it says is in
 * certificates and in kubeconfigs. Throws `prerequisite` when something else uses that range now.
 */
export async function ensureNetwork(
  engine: ContainerEngine,
  record: ClusterRecord,
  range: () => Promise<string>,
  signal: AbortSignal,
): Promise<string> {
  const existing = await inspectNetwork(engine, record.name, signal)
  if (existing !== undefined) return rangeOf(engine, record, existing)
  const [machine, subnet] = await Promise.all([readMachineNetwork(engine.programs, signal), range()])
  const route = userOf(subnet, machine.routes)
  if (route !== undefined) throw inUse(record, subnet, route)
  const options = networkArguments(engine.name, record, subnet, machine.mtu)
  const made = await engine.run(['network', 'create', ...options], { signal, letFinish: true })
  if (made.exitCode === 0) return subnet
  const other = userOf(subnet, await otherNetworks(engine, record, signal))
  if (other !== undefined) throw inUse(record, subnet, other)
  throw new KnestError(
    'prerequisite',
    `${engine.name} could not make network "${networkName(record.name)}": ${lastWords(made)}`,
  )
}

/** A range for the network of a cluster that is to be made. `kept`: ranges that are somebody's without being used yet. */
export async function freeSubnet(
  engine: ContainerEngine,
  ref: ClusterRef,
  { network }: ClusterSpec,
  kept: readonly OccupiedRange[],
  signal: AbortSignal,
): Promise<string> {
  const [machine, others] = await Promise.all([
    readMachineNetwork(engine.programs, signal),
    otherNetworks(engine, ref, signal),
  ])
  return chooseSubnet(
    [...machine.routes, ...others, ...kept],
    [...network.podNetworkCidr, ...network.serviceCidr],
  )
}

function userOf(subnet: string, occupied: readonly OccupiedRange[]): OccupiedRange | undefined {
  return occupied.find(({ cidr }) => overlaps(parseCidr(cidr), parseCidr(subnet)))
}

function inUse({ name }: ClusterRef, subnet: string, { cidr, usedBy }: OccupiedRange): KnestError {
  return new KnestError(
    'prerequisite',
    `the network of "${name}" was ${subnet}, which ${usedBy} uses now (${cidr})`,
    {
      hint: `its certificates are for that range: make it free and run the command again, or make "${name}" anew (all in it is lost)`,
    },
  )
}

/** Names are not resolved in the network: nodes have fixed addresses. docker cannot switch that off. */
export function networkArguments(
  engine: EngineName,
  ref: ClusterRef,
  subnet: string,
  mtu: number,
): readonly string[] {
  const mtuOption = engine === 'podman' ? `mtu=${mtu}` : `com.docker.network.driver.mtu=${mtu}`
  return [
    ...['--subnet', subnet, '--gateway', nthAddress(subnet, 1), '--opt', mtuOption],
    // Containers of others in this network get none of the load balancers' addresses.
    ...['--ip-range', `${nthAddress(subnet, 0)}/${halfPrefix}`],
    ...(engine === 'podman' ? ['--disable-dns'] : []),
    ...labelArguments(clusterLabels(ref)),
    networkName(ref.name),
  ]
}

function rangeOf(engine: ContainerEngine, { name }: ClusterRef, network: NetworkObject): string {
  const [subnet] = network.subnets
  if (network.labels[labels.cluster] === name && subnet !== undefined) return subnet
  throw new KnestError(
    'already-exists',
    `${engine.name} has a network "${network.name}" that knest did not make`,
    {
      hint: `remove it: ${engine.name} network rm ${network.name}, or choose another --name`,
    },
  )
}

/** Ranges of the engine's networks but the cluster's own; those of no container have no route. */
export async function otherNetworks(
  engine: ContainerEngine,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<readonly OccupiedRange[]> {
  const output = await engine.must(['network', 'ls', '--format', '{{.Name}}'], 'list its networks', {
    timeoutMs: 30_000,
    signal,
  })
  const names = output.split('\n').filter((name) => name !== '' && name !== networkName(ref.name))
  const found = await Promise.all(names.map((name) => inspectObject(engine, 'network', name, signal)))
  return found
    .filter((value) => value !== undefined)
    .map(parseNetwork)
    .flatMap(({ name, subnets }) =>
      subnets.map((cidr) => ({ cidr, usedBy: `${engine.name} network "${name}"` })),
    )
}

/** The range in which a first control plane has this address, of hosts whose record does not say it; those were all /24. */
export function subnetOfServer(server: string): string | undefined {
  const host = URL.canParse(server) ? new URL(server).hostname : ''
  return isIPv4(host) ? cidrAround(parseAddress(host), usualPrefix).text : undefined
}

/** The address of a control-plane node for ever. */
export function controlPlaneAddress(subnet: string, node: string): string {
  return nthAddress(subnet, firstControlPlaneAddress + nodeIndex(node))
}

/** Addresses that the host's node answers for besides its own, by its own. */
export function balancerRange(nodeAddress: string): string {
  const { text } = cidrAround(parseAddress(nodeAddress), usualPrefix)
  return `${nthAddress(text, firstBalancerAddress)}/${halfPrefix}`
}

/** A free address for a worker. */
export function workerAddress(subnet: string, used: readonly (string | undefined)[]): string {
  for (let index = firstWorkerAddress; index <= lastAddress; index++) {
    const address = nthAddress(subnet, index)
    if (!used.includes(address)) return address
  }
  throw new KnestError('prerequisite', `the network ${subnet} has no address left for a node`)
}
