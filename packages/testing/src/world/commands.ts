import { bindController } from '@knest/controller'
import { KnestError, silentProgress } from '@knest/core'
import type { Clusters, ClusterSpec, Progress, RunOptions } from '@knest/core'
import { sampleSpec } from '../sample-spec.js'
import type { Random } from './random.js'
import { versions, type World } from './world.js'

export const clusterName = 'q'
const ref = { name: clusterName, namespace: `knest-${clusterName}` }

/** What a user types. */
export interface Command {
  readonly name: string
  readonly weight: number
  readonly run: (clusters: Clusters, run: RunOptions, spec: ClusterSpec, random: Random) => Promise<unknown>
}

export const commands: readonly Command[] = [
  { name: 'create', weight: 3, run: (clusters, run, spec) => clusters.create(ref, spec, run) },
  { name: 'apply', weight: 2, run: (clusters, run, spec) => clusters.apply(ref, spec, run) },
  {
    name: 'scale',
    weight: 6,
    run: (clusters, run, _spec, random) => {
      const controlPlane = random.pick([1, 3, 3, undefined])
      return clusters.scale(ref, { controlPlane, pools: { worker: random.between(0, 2) } }, run)
    },
  },
  {
    name: 'upgrade',
    weight: 4,
    run: (clusters, run, _spec, random) =>
      clusters.upgrade(ref, { kubernetesVersion: random.pick(versions.slice(1)) }, run),
  },
  { name: 'heal', weight: 2, run: (clusters, run) => clusters.heal(ref, run) },
  { name: 'pause', weight: 2, run: (clusters, run) => clusters.pause(ref, run) },
  { name: 'resume', weight: 3, run: (clusters, run) => clusters.resume(ref, run) },
  { name: 'delete', weight: 1, run: (clusters, run) => clusters.delete(ref, { ...run, keepData: false }) },
]

/** What of `knest host install controller` is about clusters. */
export const installController: Command = { name: 'install', weight: 0, run: () => Promise.resolve() }

export function commandOf(name: string): Command {
  const command = commands.find((one) => one.name === name)
  if (command === undefined) throw new Error(`there is no command ${name}`)
  return command
}

/** The cluster of a story. */
export function specOf(random: Random): ClusterSpec {
  const workers = random.between(0, 2)
  return {
    ...sampleSpec,
    controlPlane: { ...sampleSpec.controlPlane, count: random.pick([1, 1, 3]) },
    workers: sampleSpec.workers.map((pool) => ({ ...pool, count: workers })),
    endpoint: { serviceType: 'ClusterIP' },
    persistence: { enabled: random.chance(0.6) },
  }
}

/** Starts a command as a process of its own. Resolves when it has ended; never when it is killed. `onPhase`: when one is done. */
export async function runCommandLine(
  world: World,
  number: number,
  command: Command,
  spec: ClusterSpec,
  random: Random,
  onPhase?: (title: string) => void,
): Promise<void> {
  const { process, clusters, api } = world.start(`${command.name}-${number}`, command.name)
  process.phase = world.phase(clusterName)
  world.say(process.name, `begins, the cluster is ${process.phase}`)
  world.coverage.add(`${command.name} × ${process.phase}`)
  const run: RunOptions = {
    signal: new AbortController().signal,
    timeoutMs: 15 * 60_000,
    progress: progressOf(world, () => !process.isDead(), process.name, onPhase),
  }
  try {
    await command.run(clusters, run, spec, random)
    // As the command line does, for the controller that is there or comes with the cluster.
    if (['create', 'apply', 'install'].includes(command.name)) await bindController(api, ref, run.signal)
    if (!process.isDead()) world.say(process.name, 'ends well')
  } catch (error) {
    if (!process.isDead()) world.say(process.name, `ends: ${textOf(error)}`)
    if (!(error instanceof KnestError) && !process.isDead())
      world.check((promise) =>
        promise.name === 'a command ends with an error of its own'
          ? `${command.name}: ${textOf(error)}`
          : undefined,
      )
  }
  process.hasEnded = true
  api.close()
}

function textOf(error: unknown): string {
  if (error instanceof KnestError) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

export function progressOf(
  world: World,
  isAlive: () => boolean,
  name: string,
  onPhase?: (title: string) => void,
): Progress {
  const say = (text: string): void => {
    if (isAlive()) world.say(name, text)
  }
  const progress: Progress = {
    ...silentProgress,
    phase: (title, work) => {
      say(title)
      const working = work(progress)
      // Not even a turn later where nobody asks.
      return onPhase === undefined
        ? working
        : working.then((result) => {
            if (isAlive()) onPhase(title)
            return result
          })
    },
    warn: (text) => say(`warning: ${text}`),
  }
  return progress
}

/** The first command that the hints of the real status name for the cluster, and what it says of an error. */
export async function toldByStatus(world: World): Promise<string | undefined> {
  const { process, clusters, api } = world.start('status', 'status')
  try {
    const { problems } = await clusters.status(ref, new AbortController().signal)
    for (const { message, hint } of problems) world.say('status', `${message}; ${hint}`)
    const named = problems
      .filter(({ severity }) => severity === 'error')
      .map(({ hint }) => /knest (\w+) /.exec(hint)?.[1])
    const remedy = named.find((name) => commands.some((command) => command.name === name))
    // A cluster none of whose control planes was ever set up has nothing of anybody.
    const hasData = [...world.kubelets.disks.values()].some(
      ({ etcd, isBootstrapped }) => isBootstrapped && etcd?.hasDisks() === true,
    )
    if (remedy === 'delete' && hasData)
      world.check(({ name }) =>
        name === 'it comes to rest' ? 'status tells to delete a cluster whose data are there' : undefined,
      )
    return remedy
  } catch (error) {
    world.say('status', textOf(error))
    return undefined
  } finally {
    process.hasEnded = true
    api.close()
  }
}
