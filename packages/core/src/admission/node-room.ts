import { kubectlCommand } from '../commands.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { merged, type Finding } from './findings.js'
import { whyNot, type Obstacle } from './node-fit.js'
import { ownerOf, sizeFlag } from './objects.js'
import { pieces, quantityNanos } from '../values/index.js'
import { amount, amounts, most, plus, podNeeds, podSpecOf, written } from './pod-needs.js'
import type { Amounts, Quantities } from './pod-needs.js'

export interface HostRoom {
  readonly nodes: readonly KubeObject[]
  /** All pods of the host; undefined when they may not be listed. */
  readonly pods: readonly KubeObject[] | undefined
  /** Nodes come by themselves when pods wait for them. */
  readonly grows: boolean
  /** The pods are as the host would store them: a webhook may give them tolerations and a selector. */
  readonly isCertain?: boolean
}

interface NodeView {
  readonly status?: { readonly allocatable?: Quantities; readonly capacity?: Quantities }
}

/**
 * Whether the host's nodes can run these pods, one of each node that the cluster will have. An error is what does not
 * end by itself; a host that is full may have room in a minute, and one that grows makes it. Pure.
 */
export function roomProblems(room: HostRoom, pods: readonly KubeObject[]): readonly Problem[] {
  if (pods.length === 0) return []
  if (room.nodes.length === 0) return [passing(noNodes(room))]
  const barred = merged(distinct(pods.map((pod) => barredProblem(room, pod))))
  if (barred.length > 0) return barred.map(passing)
  if (room.nodes.some(isSilent)) return []
  const tooLarge = merged(distinct(pods.map((pod) => tooLargeProblem(room, pod))))
  if (tooLarge.length > 0) return tooLarge
  return [...merged(distinct(pods.map((pod) => limitProblem(room, pod)))), ...fullProblem(room, pods)]
}

function passing(problem: Problem): Problem {
  return { ...problem, mayPass: true }
}

function distinct(problems: readonly (Finding | undefined)[]): readonly Finding[] {
  const byText = new Map(problems.flatMap((one) => (one === undefined ? [] : [[one.message, one] as const])))
  return [...byText.values()]
}

function severityOf({ grows, isCertain = true }: HostRoom, mayPass = false): Problem['severity'] {
  return grows || mayPass || !isCertain ? 'warning' : 'error'
}

function comes({ grows }: HostRoom): string {
  return grows ? '; the host seems to add nodes by itself: then only wait' : ''
}

function noNodes(room: HostRoom): Problem {
  return {
    reason: 'NoSchedulableNode',
    severity: severityOf(room, true),
    message: 'the host has no nodes on which pods could run',
    hint: `add a node to the host${comes(room)}`,
  }
}

/** No node takes the pod, however much room it has. */
function barredProblem(room: HostRoom, pod: KubeObject): Finding | undefined {
  const spec = podSpecOf(pod)
  const obstacles = room.nodes.map((node) => whyNot(node, spec))
  if (obstacles.includes(undefined)) return undefined
  const found = obstacles.filter((one) => one !== undefined)
  const total = room.nodes.length
  const reasons = [...new Set(found.map(({ text }) => text))].map(
    (text) => `${found.filter((one) => one.text === text).length} of ${total} ${text}`,
  )
  return {
    reason: found[0]?.reason ?? 'NoSchedulableNode',
    whose: ownerOf(pod),
    severity: severityOf(
      room,
      found.some(({ mayPass }) => mayPass),
    ),
    message: `no node of the host takes ${ownerOf(pod)}: ${reasons.join(', ')}`,
    hint: `${cures(found).join(', or ')}${comes(room)}`,
  }
}

function cures(found: readonly Obstacle[]): readonly string[] {
  return [...new Set(found.map(({ cure }) => cure))]
}

/** A request that is more than any node could ever give. */
function tooLargeProblem(room: HostRoom, pod: KubeObject): Finding | undefined {
  const { requests } = podNeeds(podSpecOf(pod))
  const nodes = fitting(room, pod)
  const beyond = Object.entries(requests).filter(
    ([resource, request]) =>
      request > 0n && nodes.every((node) => request > (allocatable(node)[resource] ?? 0n)),
  )
  const [[resource, request] = []] = beyond
  if (resource === undefined || request === undefined) return undefined
  const largest = most(nodes.map((node) => allocatable(node)[resource] ?? 0n))
  return {
    whose: ownerOf(pod),
    reason: 'NoRoom',
    severity: severityOf(room),
    message: `${ownerOf(pod)} request ${resource} of ${written(resource, request)} each, and the largest node of the host has ${written(resource, largest)}`,
    hint: `make them smaller${sizeHint(pod, resource)}, or add a larger node to the host${comes(room)}`,
  }
}

function sizeHint(pod: KubeObject, resource: string): string {
  if (resource === 'memory') return ` (${sizeFlag(pod, 'memory-size')})`
  return resource === 'cpu' ? ` (${sizeFlag(pod, 'cpu-cores')})` : ''
}

/** What is promised to the nested cluster as memory of a node, and no machine has. */
function limitProblem(room: HostRoom, pod: KubeObject): Finding | undefined {
  const limit = podNeeds(podSpecOf(pod)).limits.memory ?? 0n
  const largest = most(fitting(room, pod).map((node) => capacity(node)))
  if (limit <= largest || largest === 0n) return undefined
  // The default may be a little more than a small machine has, and works there.
  const isFar = limit > 2n * largest
  return {
    whose: ownerOf(pod),
    reason: 'NoRoom',
    severity: severityOf(room, !isFar),
    message: `${ownerOf(pod)} may use ${written('memory', limit)} of memory each, and the largest node of the host has ${written('memory', largest)}: the nested cluster would count on what is not there`,
    hint: `make them smaller (${sizeFlag(pod, 'memory-size')} ${most([largest / quantityNanos('1Gi'), 1n])}Gi), or add a larger node to the host${comes(room)}`,
  }
}

/** Whether all of them fit in what is free now, one after the other as the scheduler places them. */
function fullProblem(
  { nodes, pods: running, grows }: HostRoom,
  pods: readonly KubeObject[],
): readonly Problem[] {
  if (running === undefined) return []
  const byNode = groupedByNode(running)
  const left = new Map(
    nodes.map((node) => [node.metadata.name, free(node, byNode.get(node.metadata.name) ?? [])]),
  )
  const missing = new Map<string, bigint>()
  const waiting = [...pods]
    .sort((a, b) => Number(cpuOf(b) - cpuOf(a)))
    .filter((pod) => {
      const needs = withOne(podNeeds(podSpecOf(pod)).requests)
      const lacks = (name: string): readonly string[] =>
        Object.keys(needs).filter((resource) => (needs[resource] ?? 0n) > (left.get(name)?.[resource] ?? 0n))
      const candidates = nodes.filter((node) => whyNot(node, podSpecOf(pod)) === undefined)
      const place = candidates.find(({ metadata }) => lacks(metadata.name).length === 0)
      if (place === undefined) {
        for (const resource of new Set(candidates.flatMap(({ metadata }) => lacks(metadata.name))))
          missing.set(resource, (missing.get(resource) ?? 0n) + (needs[resource] ?? 0n))
        return true
      }
      const { name } = place.metadata
      left.set(name, plus(left.get(name) ?? {}, negative(needs)))
      return false
    })
  if (waiting.length === 0) return []
  const what = [...missing]
    .map(([resource, value]) => `${resource} of ${written(resource, value)}`)
    .join(' and ')
  return [
    {
      reason: 'NoRoom',
      severity: 'warning',
      message: `the host has no room now for ${waiting.length} of ${pods.length} nodes: what other pods request leaves too little for ${what}`,
      hint: grows
        ? 'the host seems to add nodes by itself: then only wait'
        : `delete what nobody needs (${kubectlCommand('describe', 'nodes')} shows what is requested), make fewer nodes, or add a node to the host; until then they wait`,
    },
  ]
}

function cpuOf(pod: KubeObject): bigint {
  return podNeeds(podSpecOf(pod)).requests.cpu ?? 0n
}

function withOne(requests: Amounts): Amounts {
  return { ...requests, pods: pieces(1) }
}

function negative(needs: Amounts): Amounts {
  return Object.fromEntries(Object.entries(needs).map(([name, value]) => [name, -value]))
}

function groupedByNode(pods: readonly KubeObject[]): ReadonlyMap<string, readonly KubeObject[]> {
  const found = new Map<string, KubeObject[]>()
  for (const pod of pods) {
    const { nodeName = '' } = (pod.spec ?? {}) as { nodeName?: string }
    const own = found.get(nodeName) ?? []
    own.push(pod)
    found.set(nodeName, own)
  }
  return found
}

function free(node: KubeObject, pods: readonly KubeObject[]): Amounts {
  const taken = pods
    .filter(({ status }) => {
      const { phase } = (status ?? {}) as { phase?: string }
      return phase !== 'Succeeded' && phase !== 'Failed'
    })
    .map((pod) => withOne(podNeeds(podSpecOf(pod)).requests))
  return taken.reduce((left, needs) => plus(left, negative(needs)), allocatable(node))
}

/** Nodes that take the pod when they have room. */
function fitting({ nodes }: HostRoom, pod: KubeObject): readonly KubeObject[] {
  return nodes.filter((node) => whyNot(node, podSpecOf(pod)) === undefined)
}

function allocatable(node: KubeObject): Amounts {
  return amounts((node as NodeView).status?.allocatable)
}

/** A node that says nothing of itself yet may have everything. */
function isSilent(node: KubeObject): boolean {
  return Object.keys(allocatable(node)).length === 0
}

function capacity(node: KubeObject): bigint {
  return amount((node as NodeView).status?.capacity?.memory)
}
