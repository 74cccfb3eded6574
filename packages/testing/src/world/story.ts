import type { ClusterSpec } from '@knest/core'
import {
  clusterName,
  commandOf,
  commands,
  installController,
  runCommandLine,
  specOf,
  toldByStatus,
} from './commands.js'
import { runWorldController } from './controller-process.js'
import { faults, faultsOf, writeKey } from './faults.js'
import { liveIn } from './process-time.js'
import { promises } from './promises.js'
import { createRandom, type Random } from './random.js'
import { restOf } from './rest.js'
import { extrasOf, withAddresses, withVms } from './vm-story.js'
import { World, type Broken, type TraceLine } from './world.js'

/** One thing that happens in a story. Its own seed makes it the same in a story that has fewer of them. */
interface Happening {
  readonly atMs: number
  readonly kind: 'command' | 'fault' | 'write'
  readonly name: string
  readonly seed: number
}

export interface Story {
  readonly seed: number
  readonly spec: ClusterSpec
  readonly hasController: boolean
  readonly happenings: readonly Happening[]
}

export interface Told {
  readonly story: Story
  readonly trace: readonly TraceLine[]
  readonly broken: readonly Broken[]
  readonly coverage: ReadonlySet<string>
  /** Turns of the world's clock. */
  readonly steps: number
  readonly simulatedMs: number
}

const storyMs = 50 * 60_000
const restMs = 45 * 60_000
const patienceMs = 15 * 60_000
const happeningsOf = { fault: 60, command: 14, write: 126 } as const

/**
 * The story of a seed: some 200 things that happen within fifty minutes. Most faults fall into the minute after a
 * command, when it is at work.
 */
export function storyOf(seed: number): Story {
  const random = createRandom(seed, 1)
  const spec = withAddresses(withVms(specOf(random), seed), seed)
  const hasController = random.chance(0.75)
  // Half of the stories are calm enough for operations to come to their end.
  const many = random.pick([0.2, 0.5, 1, 1])
  const some = (
    kind: Happening['kind'],
    count: number,
    names: readonly { name: string; weight: number }[],
  ): Happening[] =>
    Array.from({ length: count }, () => ({
      atMs: random.between(kind === 'write' ? 0 : 5_000, storyMs),
      kind,
      name: weighted(random, names),
      seed: random.between(0, 2 ** 31 - 1),
    }))
  const first: Happening = { atMs: 0, kind: 'command', name: 'create', seed: 1 }
  const typed = [first, ...some('command', happeningsOf.command, commands)]
  const near = (fault: Happening): Happening =>
    random.chance(0.3) ? fault : { ...fault, atMs: random.pick(typed).atMs + random.between(0, 45_000) }
  const happenings = [
    ...typed,
    ...some('fault', Math.round(happeningsOf.fault * many), faultsOf(seed)).map(near),
    ...some('write', happeningsOf.write, [{ name: 'write', weight: 1 }]),
  ]
  return { seed, spec, hasController, happenings: happenings.sort((a, b) => a.atMs - b.atMs) }
}

function weighted(
  random: Random,
  from: readonly { readonly name: string; readonly weight: number }[],
): string {
  let left = random.next() * from.reduce((sum, { weight }) => sum + weight, 0)
  return from.find(({ weight }) => (left -= weight) < 0)?.name ?? from[0]?.name ?? ''
}

/** Lets a story happen. While it does, this process lives in its time. */
export async function tell(story: Story): Promise<Told> {
  const world = new World(story.seed, promises, extrasOf(story.spec, story.seed))
  const leave = liveIn(world.clock, createRandom(story.seed, 3))
  try {
    const steps = await live(world, story)
    const { trace, broken, coverage, clock } = world
    return { story, trace, broken, coverage, steps, simulatedMs: clock.now - clock.startedAt }
  } finally {
    for (const process of world.processes) process.kill()
    leave()
  }
}

async function live(world: World, story: Story): Promise<number> {
  const { clock } = world
  // What would come later than that does not come: a disk that is full for minutes is none of the rest's.
  const happenings = [...story.happenings.entries()].filter(([, { atMs }]) => atMs <= storyMs)
  for (const [number, happening] of happenings)
    clock.plan(happening.atMs, () => happen(world, story, happening, number))
  if (story.hasController) keepControllers(world)
  let steps = await clock.run(() => false, clock.startedAt + storyMs)

  world.say('world', 'the faults have stopped')
  world.armed.length = 0
  for (const name of [...world.kubelets.away]) world.kubelets.bringBack(name)
  for (const disk of world.kubelets.disks.values()) disk.isFull = false
  world.cluster.refusal = undefined
  world.vms?.kubeVirt.bringBack()
  if (!story.hasController) keepControllers(world)
  const until = clock.now + restMs
  let state = restOf(world, clusterName)
  // What the real status names, when the controllers have had their time.
  let told: string | undefined = 'unasked'
  for (let helped = 0; clock.now < until;) {
    steps += await clock.run(() => false, clock.now + 30_000)
    state = restOf(world, clusterName)
    const isBusy = world.processes.some(
      (process) => process.kind !== 'controller' && !process.isDead() && !process.hasEnded,
    )
    if (state.isAtRest && !isBusy) break
    const isLate = clock.now > until - restMs + patienceMs
    // Who has typed what the phase names twice asks what is wrong.
    if (isBusy || helped >= (isLate ? 5 : 2)) continue
    if (isLate && told === 'unasked') {
      told = undefined
      void toldByStatus(world).then((remedy) => (told = remedy))
      continue
    }
    const remedy = told === undefined || told === 'unasked' ? state.remedy : told
    if (remedy === undefined) continue
    told = isLate ? 'unasked' : told
    helped++
    world.say('user', `status says: ${remedy}`)
    void runCommandLine(world, 1_000 + helped, commandOf(remedy), story.spec, createRandom(story.seed, 99))
  }
  world.say('world', state.isAtRest ? 'is at rest' : `does not rest: ${state.why}`)
  if (!state.isAtRest) world.check((promise) => (promise.name === 'it comes to rest' ? state.why : undefined))
  return steps
}

function happen(world: World, story: Story, { kind, name, seed }: Happening, number: number): void {
  const random = createRandom(seed)
  if (kind === 'write') {
    writeKey(world, `key-${number}`)
    return
  }
  if (kind === 'command') {
    // Without a cluster there is little to do but to make one.
    const typed = world.phase(clusterName) === 'none' && random.chance(0.8) ? 'create' : name
    void runCommandLine(world, number, commandOf(typed), story.spec, random)
    return
  }
  const phase = world.phase(clusterName)
  const done = faults.find((fault) => fault.name === name)?.strike(world, random)
  if (done === undefined) return
  const busy = world.processes
    .filter((process) => !process.isDead() && !process.hasEnded)
    .map((process) => process.kind)
  for (const operation of new Set(busy)) world.coverage.add(`${operation} × ${phase} × ${name}`)
  world.say('FAULT', `${name}: ${done}`)
}

/** Two of them, as a Deployment of two keeps them. */
function keepControllers(world: World): void {
  let number = 0
  const keep = (): void => {
    const alive = world.processes.filter(
      ({ kind, isDead, hasEnded }) => kind === 'controller' && !isDead() && !hasEnded,
    )
    helpBarred(world)
    for (let missing = 2 - alive.length; missing > 0; missing--) void runWorldController(world, ++number)
    world.clock.plan(10_000, keep)
  }
  keep()
}

/** An admin who does what the condition of a cluster says whose `create` was killed before it bound the controller. */
function helpBarred(world: World): void {
  const { conditions = [] } = (world.record(clusterName)?.status ?? {}) as {
    conditions?: readonly { readonly reason?: string }[]
  }
  const isBarred = conditions.some(({ reason }) => reason === 'NotPermitted')
  const isHelped = world.processes.some(
    ({ kind, isDead, hasEnded }) => kind === 'install' && !isDead() && !hasEnded,
  )
  if (!isBarred || isHelped) return
  void runCommandLine(
    world,
    world.processes.length,
    installController,
    specOf(createRandom(0)),
    createRandom(0),
  )
}
