import { fullImageName, shortImageName, type LoadOutcome } from 'knest'
import { Command, Option } from 'commander'
import { checkTarget } from '../cluster-target.js'
import type { Deps, EngineName } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { imageArchives } from '../image-archives.js'
import { onCluster } from '../on-cluster.js'
import { ask } from '../operation.js'
import { timeLimit, type TimeLimit } from '../time-limit.js'

export interface LoadOptions extends GlobalOptions, TimeLimit {
  readonly name: string
  /** Images, files, or `-`. */
  readonly images: readonly string[]
  readonly pools?: readonly string[] | undefined
  readonly nodes?: readonly string[] | undefined
  readonly engine?: EngineName | undefined
}

export async function loadRun(deps: Deps, options: LoadOptions): Promise<void> {
  const { images, pools, nodes, engine } = options
  await checkTarget(deps, options)
  const look = (signal: AbortSignal): ReturnType<typeof imageArchives> =>
    imageArchives(deps, images, engine, signal)
  const archives = await ask(deps, look, undefined, options)
  await onCluster(deps, options, async ({ clusters, ref, operate }) => {
    const outcomes = await operate((run) => clusters.load(ref, { archives, pools, nodes }, run))
    for (const outcome of outcomes) show(deps, outcome)
    const names = outcomes.flatMap((outcome) => outcome.images.map(({ name }) => name))
    sayNames(deps, images, names)
  })
}

function show({ streams }: Deps, { images, loaded, had }: LoadOutcome): void {
  for (const { name } of images) {
    const there = had.length === 0 ? '' : `${had.join(', ')} had it`
    const done = loaded.length === 0 ? '' : `loaded into ${loaded.join(', ')}`
    const said = [done, there].filter((text) => text !== '').join('; ')
    streams.out(`image "${shortImageName(name)}": ${said}\n`)
  }
}

/** What keeps a pod from using an image that is there. */
function sayNames({ messages }: Deps, typed: readonly string[], names: readonly string[]): void {
  for (const name of names) {
    const word = typed.find((each) => fullImageName(`localhost/${each}`) === name)
    if (word !== undefined && fullImageName(word) !== name)
      messages.info(`podman calls "${word}" "${name}", and so must pods: image: ${name}`)
    if (name.endsWith(':latest'))
      messages.info(
        `kubelet pulls "${shortImageName(name)}" anew because of its tag; set imagePullPolicy: IfNotPresent, or use another tag`,
      )
  }
}

interface LoadFlags {
  readonly pool?: readonly string[]
  readonly node?: readonly string[]
  readonly engine?: EngineName
  readonly timeout?: string
}

const gather = (word: string, before: readonly string[] = []): readonly string[] => [...before, word]

export function loadCommand(deps: Deps, run: typeof loadRun = loadRun): Command {
  return new Command('load')
    .description(
      'put images of this machine into the nodes of a nested cluster, and into those that come later',
    )
    .argument('<name>', 'cluster name')
    .argument('<image...>', 'images of podman or docker, files with archives, or - for one on standard input')
    .addOption(
      new Option(
        '--pool <name>',
        'only into nodes of this pool (cp: control planes); may be repeated',
      ).argParser(gather),
    )
    .addOption(new Option('--node <name>', 'only into this node; may be repeated').argParser(gather))
    .addOption(
      new Option('--engine <name>', 'where images are (default: the first that has them)').choices([
        'podman',
        'docker',
      ]),
    )
    .option('--timeout <duration>', 'give up after this time (default: 15m)')
    .action((name: string, images: readonly string[], flags: LoadFlags, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        name,
        images,
        pools: flags.pool,
        nodes: flags.node,
        engine: flags.engine,
        ...timeLimit(flags.timeout),
      }),
    )
}
