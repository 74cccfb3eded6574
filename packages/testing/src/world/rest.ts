import { labels } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { nodeOf } from './host.js'
import { kinds } from './host-kinds.js'
import { readyOf } from './nested.js'
import { clockOf } from './timeline.js'
import type { World } from './world.js'

/** How a cluster is when nothing happens any more. */
export interface Rest {
  readonly isAtRest: boolean
  readonly why: string
  /** The command that its phase names. */
  readonly remedy?: string
}

/** What `status` tells a user to type in a phase that a cluster does not leave by itself. */
const remedies: Readonly<Record<string, string>> = {
  Creating: 'create',
  Resuming: 'resume',
  Deleting: 'delete',
}

interface Group {
  readonly count: number
  readonly name?: string
}

/** What stands in the way, as far as the world sees it: it knows more than knest can. */
function troubleOf(world: World, name: string): string {
  const own = world.kubelets.all().filter(({ cluster }) => cluster === `knest-${name}/${name}`)
  const stale = own.filter(({ disk, version }) => disk.manifests !== undefined && disk.manifests !== version)
  const etcds = new Set(own.flatMap(({ disk }) => disk.etcd ?? []))
  const dead = [...etcds]
    .flatMap(({ members }) => [...members.values()])
    .filter(({ disk }) => disk?.isGone !== false)
  const silent = own.filter(
    (machine) => machine.runsKubelet() && machine.isRegistered && world.hasNode(machine) === false,
  )
  const held = own.filter(({ disk }) => disk.isKubeconfigHeld)
  const errors = world.trace.filter(({ what }) => /^(ends: |Failed: )/.test(what))
  return [
    ...stale.map(({ node }) => `"${node}" runs a new version on the manifests of an old one`),
    ...dead.map((member) => `nobody stands behind the etcd member "${member.name}"`),
    ...silent.map(({ node }) => `the Node object of "${node}" is gone and its kubelet runs`),
    ...held.map(({ node }) => `the kubelet of "${node}" is held`),
    ...lonelyClaims(world, name).map((node) => `only the claim of "${node}" is left`),
    ...stoppedVms(world).map((node) => `the VM of "${node}" is stopped`),
    ...(lacksNetwork(world, name) ? ['its record says that the network is installed, and it is not'] : []),
    // It may be an old one that has nothing to do with it.
    ...errors
      .slice(-1)
      .map(
        ({ atMs, who, what }) =>
          `last error, of ${who} at ${clockOf(atMs)}: ${what.replace(/^(ends|Failed): /, '')}`,
      ),
  ].join('; ')
}

/** Nodes of which there is a disk, and neither a StatefulSet nor a VM. */
function lonelyClaims({ cluster: { store } }: World, name: string): readonly string[] {
  const namespace = `knest-${name}`
  const nodes = store.list(kinds.claim, { namespace }).map(nodeOf)
  const isMade = (node: string): boolean =>
    [kinds.statefulSet, kinds.vm].some((kind) => store.get(kind, node, namespace) !== undefined)
  return nodes.filter((node) => !isMade(node))
}

/** VMs that somebody stopped for good. */
function stoppedVms({ cluster: { store }, vms }: World): readonly string[] {
  const found = vms === undefined ? [] : store.list(kinds.vm)
  return found
    .filter(({ spec }) => (spec as { readonly runStrategy?: string }).runStrategy === 'Halted')
    .map(({ metadata }) => metadata.name)
}

function lacksNetwork(world: World, name: string): boolean {
  const { conditions = [] } = (world.record(name)?.status ?? {}) as {
    conditions?: { type: string; status: string }[]
  }
  const says = conditions.some(({ type, status }) => type === 'AddonsInstalled' && status === 'True')
  const [serving] = world.serving(`knest-${name}/${name}`)
  const nested = serving === undefined ? undefined : world.nestedOf(serving)
  return says && nested !== undefined && !nested.hasNetwork()
}

/** Whether the cluster is as its record says, by the world itself and by no word of knest. */
export function restOf(world: World, name: string): Rest {
  const rest = lookAt(world, name)
  return rest.isAtRest
    ? rest
    : { ...rest, why: [rest.why, troubleOf(world, name)].filter((text) => text !== '').join('; ') }
}

function lookAt(world: World, name: string): Rest {
  const record = world.record(name)
  const phase = world.phase(name)
  if (record === undefined) {
    const isLeft = ({ kind, metadata }: KubeObject): boolean =>
      metadata.namespace === `knest-${name}` ||
      (kind === 'Namespace' && metadata.name === `knest-${name}`) ||
      (world.calico !== undefined && metadata.labels?.[labels.cluster] === name)
    const left = world.cluster.store.all().filter(isLeft)
    if (left.length === 0) return { isAtRest: true, why: '' }
    return {
      isAtRest: false,
      why: `the record is gone, and ${left.map(({ kind, metadata }) => `${kind} "${metadata.name}"`).join(', ')} is left`,
      remedy: 'delete',
    }
  }
  const remedy = remedies[phase]
  if (remedy !== undefined) return { isAtRest: false, why: `it is ${phase}`, remedy }
  if (phase === 'Paused' || phase === 'Kept') {
    const running = world.kubelets.all().filter(({ cluster }) => cluster === `knest-${name}/${name}`)
    const why = `it is ${phase}, and ${running.length} nodes run`
    return running.length === 0
      ? { isAtRest: true, why }
      : { isAtRest: false, why, ...(phase === 'Paused' ? { remedy: 'pause' } : {}) }
  }
  // Nobody promises to bring back what the world destroyed.
  const own = world.kubelets.all().filter(({ cluster }) => cluster === `knest-${name}/${name}`)
  const isLost = own.some(({ disk }) => disk.etcd?.isLostByFault === true)
  if (isLost || isHopeless(world, name)) return { isAtRest: true, why: 'lost by the world' }
  const { controlPlane, workers = [] } = record.spec as { controlPlane: Group; workers?: readonly Group[] }
  const [serving] = world.serving(`knest-${name}/${name}`)
  const nested = serving === undefined ? undefined : world.nestedOf(serving)
  if (nested === undefined) return { isAtRest: false, why: `it is ${phase}, and no API server answers` }
  const nodes = nested.store.list(kinds.node).filter((node) => node.metadata.name.startsWith(`${name}-`))
  const ready = nodes.filter((node) => readyOf(node)?.status === 'True').map(({ metadata }) => metadata.name)
  const wanted = controlPlane.count + workers.reduce((sum, { count }) => sum + count, 0)
  if (ready.length !== wanted || nodes.length !== wanted)
    return {
      isAtRest: false,
      why: `it is ${phase}; ${ready.length} of ${nodes.length} nodes are Ready, ${wanted} are asked for`,
    }
  const members = [...nested.etcd.members.values()]
  const dead = members.filter((member) => member.learner || !nested.etcd.isUp(member))
  if (members.length !== controlPlane.count || dead.length > 0)
    return { isAtRest: false, why: `etcd has ${members.length} members, ${dead.length} of them dead` }
  if (world.cluster.store.get(kinds.secret, `${name}-kubeconfig`, `knest-${name}`) === undefined)
    return { isAtRest: false, why: `it is ${phase}, and its kubeconfig is gone` }
  return { isAtRest: phase === 'Ready', why: `all is well, and it is ${phase}` }
}

/** No control plane has the data any more, and no disk of one is left. */
function isHopeless(world: World, name: string): boolean {
  const etcds = [...world.nested.keys()].filter(({ id }) => id.startsWith(`knest-${name}/${name} `))
  const newest = etcds.at(-1)
  return newest?.isLostByFault === true && world.serving(`knest-${name}/${name}`).length === 0
}
