import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { resetOf } from './removed-members.js'
import type { Step } from './step.js'

/**
 * Those of a new cluster begin it together; those of a cluster that is there join one after another. A
 * initial member that was left when creation was interrupted is a member already.
 */
export function controlPlaneSteps(
  controlPlanes: readonly DesiredNode[],
  joining: readonly DesiredNode[],
  observed: ObservedCluster,
  gone: readonly Step[],
): readonly Step[] {
  const fresh = joining.filter(({ role }) => role === 'control-plane')
  if (fresh.length > 0 && !isInitialized(observed)) return beginSteps(fresh, observed, gone)
  const there = controlPlanes.filter((node) => !fresh.includes(node)).map(({ name }) => name)
  const found = ({ name }: DesiredNode): ObservedNode | undefined =>
    observed.nodes.find((node) => node.name === name)
  const isInitialMember = (node: DesiredNode): boolean => found(node)?.disk === 'founder'
  const initialMembers = fresh.filter(isInitialMember)
  const newcomers = fresh.filter((node) => !isInitialMember(node))
  // What it was started with may be gone by a power cut, and the others may lack its vote.
  const boots = initialMembers.map((node) =>
    bootStep(node.name, found(node)?.initialMembers ?? controlPlanes.map(({ name }) => name), false, []),
  )
  const reach: Step = {
    kind: 'await-api',
    id: 'api',
    title: 'Reach the API server',
    needs: ['addresses', 'authorities', ...boots.map(({ id }) => id)],
    nodes: there,
  }
  return [
    ...boots,
    reach,
    ...initialMembers.map(({ name }) => finishStep(name, false, 'api')),
    ...joinSteps(newcomers, 'api', gone),
  ]
}

/** One after another: etcd takes one learner at a time. */
function joinSteps(newcomers: readonly DesiredNode[], after: string, gone: readonly Step[]): readonly Step[] {
  return newcomers.map(({ name }, index): Step => {
    const previous = newcomers[index - 1]
    return {
      kind: 'join-control-plane',
      id: `join:${name}`,
      title: `Join control plane "${name}"`,
      needs: [
        `node:${name}`,
        previous === undefined ? after : `join:${previous.name}`,
        ...forgetOf(name, gone),
        ...resetOf(name, gone),
        ...gone.filter(({ kind }) => kind === 'remove-member').map(({ id }) => id),
      ],
      node: name,
    }
  })
}

/**
 * All members of etcd are known before the first one starts: nobody waits for anybody's promotion. Where one has
 * started already, those that it knows and that may still have their data are all there can be, and others join: with
 * a list of their own they would be another etcd beside it, and who lost what it had is no member any more. When these
 * are no majority the cluster never was: all begin anew.
 */
function beginSteps(
  fresh: readonly DesiredNode[],
  observed: ObservedCluster,
  gone: readonly Step[],
): readonly Step[] {
  const { members, startsOver, lost } = initialMembersOf(fresh, observed)
  const names = members.map(({ name }) => name)
  // The one that finishes the set-up comes first.
  const initialMembers = [...names, ...lost]
  const newcomers = fresh.filter((node) => !members.includes(node))
  const resets = startsOver ? members.map(({ name }) => resetStep(name)) : []
  const begins = !observed.nodes.some(({ role, disk }) => role === 'control-plane' && disk === undefined)
  const boots = names.map((node) => bootStep(node, initialMembers, begins, resets))
  const reach: Step = {
    kind: 'await-api',
    id: 'api',
    title: 'Wait for the API server',
    needs: boots.map(({ id }) => id),
    nodes: names,
  }
  const [first = '', ...others] = names
  const finishes = others.map((node) => finishStep(node, false, `finish:${first}`))
  return [
    ...resets,
    ...boots,
    reach,
    finishStep(first, true, 'api'),
    ...finishes,
    ...joinSteps(newcomers, `finish:${first}`, gone),
  ]
}

interface Beginning {
  readonly members: readonly DesiredNode[]
  /** Those that etcd began with too, and that have nothing any more. */
  readonly lost: readonly string[]
  readonly startsOver: boolean
}

function initialMembersOf(fresh: readonly DesiredNode[], { nodes }: ObservedCluster): Beginning {
  const found = ({ name }: DesiredNode): ObservedNode | undefined => nodes.find((node) => node.name === name)
  const started = fresh.map((node) => found(node)?.initialMembers).find((names) => names !== undefined)
  if (started === undefined) return { members: fresh, lost: [], startsOver: false }
  const named = fresh.filter(({ name }) => started.includes(name))
  // One that is away, or gives no answer, may have what it had.
  const members = named.filter((node) => found(node) !== undefined && found(node)?.disk !== 'empty')
  const isMajority = members.length > started.length / 2
  const isKnown = (name: string): boolean => [...fresh, ...nodes].some((node) => node.name === name)
  const lost = started.filter((name) => isKnown(name) && !members.some((node) => node.name === name))
  if (isMajority) return { members, lost, startsOver: false }
  return { members: named.length === 0 ? fresh : named, lost: [], startsOver: true }
}

function bootStep(
  node: string,
  initialMembers: readonly string[],
  begins: boolean,
  resets: readonly Step[],
): Step {
  return {
    kind: 'boot-control-plane',
    id: `boot:${node}`,
    title: `Start the control plane on "${node}"`,
    needs: [`node:${node}`, 'authorities', ...resets.map(({ id }) => id)],
    node,
    initialMembers,
    begins,
  }
}

function resetStep(node: string): Step {
  const title = `Take away what was begun on "${node}"`
  const needs = [`node:${node}`]
  return { kind: 'reset-control-plane', id: `reset:${node}`, title, needs, node, removed: false }
}

function finishStep(node: string, first: boolean, ...needs: readonly string[]): Step {
  const title = first ? 'Set up the cluster' : `Finish control plane "${node}"`
  return { kind: 'finish-control-plane', id: `finish:${node}`, title, needs, node, first }
}

export function isInitialized({ nodes }: ObservedCluster): boolean {
  return nodes.some(({ role, disk }) => role === 'control-plane' && disk === 'bootstrapped')
}

export function forgetOf(name: string, forgotten: readonly Step[]): readonly string[] {
  return forgotten.filter((step) => step.id === `forget:${name}`).map(({ id }) => id)
}
