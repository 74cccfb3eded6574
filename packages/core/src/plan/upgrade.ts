import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import { lastingNodes } from './lasting-nodes.js'
import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import type { Step } from './step.js'

/** How much of a cluster an upgrade takes at once. */
export interface UpgradePace {
  /** Workers that are upgraded at the same time. */
  readonly maxUnavailable: number
  /** Further workers that each pool has while its own are upgraded. */
  readonly maxSurge: number
}

export const defaultPace: UpgradePace = { maxUnavailable: 1, maxSurge: 0 }

/** What an upgrade adds to a plan. */
export interface UpgradePlan {
  /** One after another; the API is only asked for other things when the last has ended. */
  readonly controlPlanes: readonly Step[]
  /** What kubeadm keeps in the cluster: everyone who joins later reads it. */
  readonly configuration: readonly Step[]
  readonly workers: readonly Step[]
  /** kube-proxy and DNS: a node of the old image has no programs of the new one. */
  readonly addons: readonly Step[]
}

const configurationStep = 'upgrade:configuration'

/** Workers that are there only while those of their pool are upgraded: like any other, and then removed. */
export function surgeNodes(
  ref: ClusterRef,
  spec: ClusterSpec,
  observed: ObservedCluster,
  { maxSurge }: UpgradePace,
): readonly DesiredNode[] {
  const desired = lastingNodes(ref, spec, observed)
  const dueIn = (pool: string): number =>
    desired.filter((node) => node.pool === pool && isDue(observedNode(observed, node.name), spec, observed))
      .length
  const workers = spec.workers.map((pool) => ({
    ...pool,
    count: pool.count + Math.min(maxSurge, dueIn(pool.name)),
  }))
  return lastingNodes(ref, { ...spec, workers }, observed).filter(
    ({ name }) => !desired.some((node) => node.name === name),
  )
}

/** What an upgrade has to know of beside the desired nodes. */
interface Beside {
  readonly surge?: readonly DesiredNode[]
  /** See `lostMembers`. */
  readonly lost?: readonly string[]
  /** Control planes that are to go, and cannot before etcd has its majority again. */
  readonly leaving?: readonly DesiredNode[]
}

/**
 * What must be done so that every node runs the desired version of Kubernetes. `before` are ids of steps that
 * must have ended before the first control plane goes. Pure; without a node of another version it is empty.
 */
export function planUpgrade(
  spec: ClusterSpec,
  desired: readonly DesiredNode[],
  observed: ObservedCluster,
  before: readonly string[],
  { maxUnavailable }: UpgradePace,
  { surge = [], lost = [], leaving = [] }: Beside = {},
): UpgradePlan {
  // Those that have begun come first: they are away, and the next one needs them.
  const hasBegun = ({ name }: DesiredNode): boolean => observedNode(observed, name)?.upgrading === true
  const due = [...leaving, ...desired]
    .filter(({ name }) => isDue(observedNode(observed, name), spec, observed))
    .sort((a, b) => Number(hasBegun(b)) - Number(hasBegun(a)))
  const controlPlanes = due.filter(({ role }) => role === 'control-plane')
  const workers = due.filter(({ role }) => role === 'worker')
  // Where nothing else can run the workloads, they stay on the node and go on with what they have.
  const drain = new Set([
    ...(desired.length > 1 ? controlPlanes : []),
    ...(desired.filter(({ role }) => role === 'worker').length + surge.length > 1 ? workers : []),
  ])
  const upgrade = (node: DesiredNode, needs: readonly string[]): Step => ({
    kind: 'upgrade-node',
    id: `upgrade:${node.name}`,
    title: `Upgrade ${node.role === 'worker' ? 'worker' : 'control plane'} "${node.name}" to ${spec.kubernetesVersion}`,
    needs: [...(isMade(observedNode(observed, node.name)) ? [`node:${node.name}`] : []), ...needs],
    node,
    drain: drain.has(node),
    lost,
  })
  const { configuration, proxy } = observed.configured ?? {}
  const running = due.length > 0 || observed.upgrading === true
  // What the API does not tell, or the cluster does without, is looked at by the step again.
  const isOld = (version: string | undefined): boolean =>
    version === undefined ? running : version !== spec.kubernetesVersion
  const all = desired.filter(({ role }) => role === 'control-plane')
  // Only one that is part of the cluster has what reaches it.
  const isSetUp = ({ name }: DesiredNode): boolean => observedNode(observed, name)?.disk === 'bootstrapped'
  const answers = ({ name }: DesiredNode): boolean => observedNode(observed, name)?.silent !== true
  const first = (all.find(isSetUp) ?? all.find(answers) ?? all[0])?.name ?? ''
  const configure: readonly Step[] = isOld(configuration)
    ? [
        {
          kind: 'upgrade-configuration',
          id: configurationStep,
          title: "Update kubeadm's configuration in the cluster",
          needs: ['api'],
          node: first,
        },
      ]
    : []
  const awaited = surge.length === 0 ? [] : [awaitSurge(spec, surge)]
  const chained = workers.map((node, index) => {
    const previous = workers[index - maxUnavailable]
    const since = previous === undefined ? [] : [`upgrade:${previous.name}`]
    return upgrade(node, ['api', ...[...configure, ...awaited].map(({ id }) => id), ...since])
  })
  return {
    controlPlanes: controlPlanes.map((node, index) => {
      const earlier = controlPlanes.slice(0, index)
      // Several that are half-way may need each other for etcd's majority: none of them waits for another.
      if (earlier.length === 0 || hasBegun(node)) return upgrade(node, before)
      const halfWay = earlier.filter(hasBegun)
      const previous = earlier.slice(Math.max(halfWay.length, index - 1))
      return upgrade(
        node,
        (previous.length === 0 ? halfWay : previous).map(({ name }) => `upgrade:${name}`),
      )
    }),
    configuration: configure,
    workers: [...awaited, ...chained],
    addons: isOld(proxy)
      ? [
          {
            kind: 'upgrade-addons',
            id: 'upgrade:addons',
            title: 'Upgrade kube-proxy and DNS',
            needs: ['api', ...[...configure, ...chained].map(({ id }) => id)],
            node: first,
          },
        ]
      : [],
  }
}

function awaitSurge({ network }: ClusterSpec, surge: readonly DesiredNode[]): Step {
  return {
    kind: 'await-ready',
    id: 'surge',
    title: `Wait for ${surge.length} further ${surge.length === 1 ? 'worker' : 'workers'} to be ready`,
    needs: ['api', ...surge.map(({ name }) => `join:${name}`)],
    nodes: surge.map(({ name }) => name),
    network: network.cni !== 'none',
    dns: network.cni !== 'none',
    again: [],
    registered: [],
  }
}

/** A node that cannot be asked may be half-way through: its step looks again when it runs. */
function isDue(node: ObservedNode | undefined, spec: ClusterSpec, observed: ObservedCluster): boolean {
  if (node === undefined) return false
  if (node.disk === undefined) return observed.upgrading === true
  if (node.disk !== 'bootstrapped') return false
  if (node.upgrading === true) return true
  return node.version !== undefined && node.version !== spec.kubernetesVersion
}

/** The plan makes sure first that it runs. */
function isMade(node: ObservedNode | undefined): boolean {
  return node?.disk === undefined && node?.silent !== true
}

function observedNode({ nodes }: ObservedCluster, name: string): ObservedNode | undefined {
  return nodes.find((node) => node.name === name)
}
