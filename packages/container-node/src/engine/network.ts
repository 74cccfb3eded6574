import {
  KnestError,
  labels,
  nodeIndex,
  nthAddress,
  type ClusterRecord,
  type ClusterRef,
  type OccupiedRange,
} from '@knest/core'
import type { ContainerEngine, EngineName } from './engine.js'
import { inspectObject, parseNetwork, type NetworkObject } from './objects.js'
import { readMachineNetwork } from './machine-network.js'
import { clusterLabels, labelArguments, networkName } from './names.js'
import { chooseSubnet } from './subnet.js'

/** Control planes have these addresses of the network, by index; the first ones are the gateway's and spare. */
const firstControlPlaneAddress = 10
const firstWorkerAddress = 30
const lastAddress = 250

export async function inspectNetwork(
  engine: ContainerEngine,
  cluster: string,
  signal: AbortSignal,
): Promise<NetworkObject | undefined> {
  const found = await inspectObject(engine, 'network', networkName(cluster), signal)
  return found === undefined ? undefined : parseNetwork(found)
}

/** The cluster's network, made when it is not there, with `wanted` or a free range. Gives its range, which stays the same for ever. */
export async function ensureNetwork(
  engine: ContainerEngine,
  record: ClusterRecord,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const existing = await inspectNetwork(engine, record.name, signal)
  if (existing !== undefined) return rangeOf(engine, record, existing)
  const [machine, others] = await Promise.all([
    readMachineNetwork(engine.programs, signal),
    otherNetworks(engine, record, signal),
  ])
  const { podNetworkCidr, serviceCidr } = record.spec.network
  const subnet = wanted ?? chooseSubnet([...machine.routes, ...others], [...podNetworkCidr, ...serviceCidr])
  const options = networkArguments(engine.name, record, subnet, machine.mtu)
  await engine.must(['network', 'create', ...options], `make network "${networkName(record.name)}"`, {
    signal,
  })
  return subnet
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

/** The address of a control-plane node for ever. */
export function controlPlaneAddress(subnet: string, node: string): string {
  return nthAddress(subnet, firstControlPlaneAddress + nodeIndex(node))
}

/** A free address for a worker. */
export function workerAddress(subnet: string, used: readonly (string | undefined)[]): string {
  for (let index = firstWorkerAddress; index <= lastAddress; index++) {
    const address = nthAddress(subnet, index)
    if (!used.includes(address)) return address
  }
  throw new KnestError('prerequisite', `the network ${subnet} has no address left for a node`)
}
