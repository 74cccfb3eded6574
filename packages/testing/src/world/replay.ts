import type { ClusterSpec, Clusters, RunOptions } from '@knest/core'
import { sampleSpec } from '../sample-spec.js'
import { clusterName, commandOf, runCommandLine, toldByStatus, type Command } from './commands.js'
import { nodeOf } from './host.js'
import { kinds } from './host-kinds.js'
import { readyOf } from './nested.js'
import { liveIn } from './process-time.js'
import { promises } from './promises.js'
import { createRandom, type Random } from './random.js'
import { restOf } from './rest.js'
import { World, type Broken } from './world.js'

/** What a host can be made to suffer on purpose. */
type Blow = 'pod deleted' | 'StatefulSet deleted' | 'container killed' | 'Node object deleted'

/** At the end of a phase of a command: it is killed there, or a node is hit while it works on. */
interface Meanwhile {
  /** The title of the phase, as progress prints it. */
  readonly after: string
  readonly blow: 'killed' | Blow
  readonly node?: string
}

type Deed =
  /** Arguments of the command line. */
  | { readonly argv: readonly string[]; readonly meanwhile?: Meanwhile }
  | { readonly blow: Blow; readonly node: string }

/** How a cluster is in the end. */
interface End {
  /** `none` when there is no cluster. */
  readonly phase: string
  /** Names of the nodes that are Ready; no others are there. */
  readonly nodes: readonly string[]
  /** Of etcd. */
  readonly members: readonly string[]
}

/** A story that a real host can be told too, since each thing in it follows on the one before and not on a clock. */
interface Replay {
  readonly seed: number
  /** The cluster in it; its nodes are called after it. */
  readonly cluster: string
  readonly deeds: readonly Deed[]
  readonly end: End
  readonly broken: readonly Broken[]
}

const blows: readonly Blow[] = [
  'pod deleted',
  'StatefulSet deleted',
  'container killed',
  'Node object deleted',
]
const longestMs = 30 * 60_000
const mostRemedies = 4

/**
 * Tells the story of a seed in the world: a cluster, three commands on it of which some are killed or meet a blow, and
 * what its phase or `status` says to type until it is as its spec says. Every fourth cluster has three control planes.
 */
export async function replayOf(seed: number): Promise<Replay> {
  const world = new World(seed, promises)
  const random = createRandom(seed, 5)
  const leave = liveIn(world.clock, createRandom(seed, 3))
  try {
    const deeds = await live(world, seed, random)
    return { seed, cluster: clusterName, deeds, end: endOf(world), broken: world.broken }
  } finally {
    for (const process of world.processes) process.kill()
    leave()
  }
}

async function live(world: World, seed: number, random: Random): Promise<readonly Deed[]> {
  const spec = smallSpec(seed, random)
  const deeds: Deed[] = []
  const type = async (typed: Typed, isHit: boolean): Promise<void> => {
    deeds.push(await run(world, deeds.length, typed, spec, isHit ? random : undefined))
  }
  await type(create(spec), random.chance(0.4))
  for (let left = 3; left > 0; left--) {
    if (random.chance(0.5)) deeds.push(...hit(world, random))
    await type(another(world, spec, random), random.chance(0.6))
  }
  for (let left = mostRemedies; left > 0; left--) {
    await world.clock.run(() => restOf(world, clusterName).isAtRest, world.clock.now + 3 * 60_000)
    const rest = restOf(world, clusterName)
    if (rest.isAtRest) break
    const remedy = rest.remedy ?? (await told(world)) ?? 'heal'
    await type(remedy === 'create' ? create(spec) : plain(remedy), false)
  }
  const { isAtRest, why } = restOf(world, clusterName)
  if (!isAtRest) world.check(({ name }) => (name === 'it comes to rest' ? why : undefined))
  return deeds
}

async function told(world: World): Promise<string | undefined> {
  let remedy: string | undefined
  let isTold = false
  void toldByStatus(world).then((found) => {
    remedy = found
    isTold = true
  })
  await world.clock.run(() => isTold, world.clock.now + longestMs)
  return remedy
}

interface Typed {
  readonly argv: readonly string[]
  readonly command: Command
}

function smallSpec(seed: number, random: Random): ClusterSpec {
  return {
    ...sampleSpec,
    controlPlane: { ...sampleSpec.controlPlane, count: seed % 4 === 0 ? 3 : 1 },
    workers: sampleSpec.workers.map((pool) => ({ ...pool, count: random.between(0, 1) })),
    endpoint: { serviceType: 'ClusterIP' },
    persistence: { enabled: true },
  }
}

function create({ controlPlane, workers: [pool] }: ClusterSpec): Typed {
  const counts = [
    '--control-plane-machine-count',
    controlPlane.count,
    '--worker-machine-count',
    pool?.count ?? 0,
  ]
  return {
    argv: ['create', clusterName, '--persistent', ...counts.map(String)],
    command: commandOf('create'),
  }
}

function plain(name: string): Typed {
  return {
    argv: [name, clusterName, ...(name === 'delete' ? ['--ignore-not-found'] : [])],
    command: commandOf(name),
  }
}

/** Mostly what the phase allows. */
function another(world: World, spec: ClusterSpec, random: Random): Typed {
  const phase = world.phase(clusterName)
  const name = random.pick(followers[phase] ?? ['scale', 'scale', 'scale', 'pause', 'heal', 'delete'])
  if (name === 'create') return create(spec)
  if (name !== 'scale') return plain(name)
  const worker = random.between(0, 2)
  const run = (clusters: Clusters, options: RunOptions): Promise<unknown> =>
    clusters.scale({ name: clusterName, namespace: `knest-${clusterName}` }, { pools: { worker } }, options)
  return { argv: ['scale', clusterName, `:${worker}`], command: { name, weight: 0, run } }
}

const followers: Readonly<Record<string, readonly string[]>> = {
  none: ['create'],
  Creating: ['create', 'create', 'scale', 'delete'],
  Paused: ['resume', 'resume', 'scale', 'delete'],
  Resuming: ['resume', 'resume', 'scale'],
  Deleting: ['delete', 'create'],
}

/** Runs a command to its end, or to the phase after which it is killed. With `random` something happens meanwhile. */
async function run(
  world: World,
  number: number,
  { argv, command }: Typed,
  spec: ClusterSpec,
  random: Random | undefined,
): Promise<Deed> {
  let meanwhile: Meanwhile | undefined
  let left = random?.between(1, 6) ?? Infinity
  const before = world.processes.length
  const running = (): boolean =>
    world.processes.slice(before).some((each) => !each.isDead() && !each.hasEnded)
  void runCommandLine(world, number, command, spec, createRandom(number), (after) => {
    if (random === undefined || --left !== 0) return
    if (random.chance(0.6)) {
      world.processes[before]?.kill()
      meanwhile = { after, blow: 'killed' }
      return
    }
    const [struck] = hit(world, random)
    if (struck !== undefined) meanwhile = { after, ...struck }
  })
  await world.clock.run(() => !running(), world.clock.now + longestMs)
  return { argv, ...(meanwhile !== undefined && { meanwhile }) }
}

/** Hits a node that is there, if there is one. */
function hit(world: World, random: Random): { readonly blow: Blow; readonly node: string }[] {
  const { store } = world.cluster
  const blow = random.pick(blows)
  const machines = world.kubelets.all()
  const [pod] = store.list(kinds.pod).filter((one) => nodeOf(one) !== '')
  if (machines.length === 0 || pod === undefined) return []
  const machine = random.pick(machines)
  const { node } = machine
  const namespace = `knest-${clusterName}`
  const admin = { name: 'admin', isKnest: false }
  if (blow === 'container killed') world.kubelets.restart(machine, 2_000)
  else if (blow === 'pod deleted') store.delete(admin, kinds.pod, `${node}-0`, namespace)
  else if (blow === 'StatefulSet deleted') store.delete(admin, kinds.statefulSet, node, namespace)
  else {
    const nested = world.nestedOf(machine)
    if (nested?.store.get(kinds.node, node) === undefined) return []
    nested.store.delete(admin, kinds.node, node, undefined)
  }
  world.say('FAULT', `${blow}: ${node}`)
  return [{ blow, node }]
}

function endOf(world: World): End {
  const [serving] = world.serving(`knest-${clusterName}/${clusterName}`)
  const nested = serving === undefined ? undefined : world.nestedOf(serving)
  const nodes = nested?.store.list(kinds.node).filter((node) => readyOf(node)?.status === 'True') ?? []
  return {
    phase: world.phase(clusterName),
    nodes: nodes.map(({ metadata }) => metadata.name).sort(),
    members: [...(nested?.etcd.members.values() ?? [])].map(({ name }) => name).sort(),
  }
}
