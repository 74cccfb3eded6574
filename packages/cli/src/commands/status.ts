import { KnestError, type Clusters, type ClusterStatus } from 'knest'
import { Command } from 'commander'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { exitCodes, SilentExit } from '../exit-codes.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { ask, withClusters } from '../operation.js'
import { outputOption, renderValue, type OutputFormat } from '../output.js'
import { statusText } from '../views/status-text.js'
import { statusView } from '../views/status.js'
import { whileRead } from '../while-read.js'

export interface StatusOptions extends GlobalOptions {
  readonly name: string
  /** Show it again whenever it has changed, until interrupted or gone. */
  readonly watch: boolean
  readonly output?: OutputFormat | undefined
}

/** Between two looks of `--watch`. Much of a status only nodes can tell, and they send no events. */
const lookMs = 2_000

export async function statusRun(deps: Deps, options: StatusOptions): Promise<void> {
  await checkTarget(deps, options)
  await withClusters(deps, options, (clusters) =>
    ask(deps, async (signal) => {
      const ref = await clusters.find(options.name, options.namespace, signal)
      const status = await clusters.status(ref, signal)
      if (!options.watch) return show(deps, status, options)
      await whileRead(deps, signal, async (reading) => {
        await show(deps, status, options)
        await watch(deps, clusters, status, options, reading)
      })
    }).catch((error: unknown) => {
      // That is how a watch ends.
      const isLeft = options.watch && error instanceof KnestError && error.code === 'cancelled'
      throw isLeft ? new SilentExit(exitCodes.cancelled) : error
    }),
  )
}

async function watch(
  deps: Deps,
  clusters: Clusters,
  first: ClusterStatus,
  options: StatusOptions,
  signal: AbortSignal,
): Promise<void> {
  // Ages grow all the time: what is compared is the same moment.
  const moment = deps.now()
  let shown = statusText(first, moment, true)
  let isSilent = false
  for (;;) {
    await deps.pause(lookMs, signal)
    const status = await orGone(clusters.status(first, signal)).catch((error: unknown) => {
      if (signal.aborted || !isTemporary(error)) throw error
      if (!isSilent) deps.messages.warning(`${error.message}; it is tried again`)
      isSilent = true
      return 'silent' as const
    })
    if (status === 'silent') continue
    isSilent = false
    if (status === undefined) {
      deps.messages.info(`cluster "${first.name}" is gone`)
      return
    }
    const text = statusText(status, moment, true)
    if (text === shown) continue
    shown = text
    deps.streams.out(between(deps, options.output))
    await show(deps, status, options)
  }
}

/** A host that does not answer now may answer soon. */
function isTemporary(error: unknown): error is KnestError {
  return error instanceof KnestError && (error.code === 'host-unreachable' || error.code === 'timeout')
}

/** YAML is a stream of documents, JSON of values, as kubectl prints them; what is for people takes the screen. */
function between(deps: Deps, output: OutputFormat | undefined): string {
  if (output === 'yaml') return '---\n'
  if (output === 'json' || output === 'name') return ''
  return deps.streams.outIsTty ? '\x1b[H\x1b[2J' : '\n'
}

async function orGone(status: Promise<ClusterStatus>): Promise<ClusterStatus | undefined> {
  try {
    return await status
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-found') return undefined
    throw error
  }
}

async function show(deps: Deps, found: ClusterStatus, { output }: StatusOptions): Promise<void> {
  const status = { ...found, problems: deps.messages.wordedProblems(found.problems) }
  if (output === 'name') {
    deps.streams.out(`${found.name}\n`)
    return
  }
  const value = await renderValue(statusView(status, deps.now()), output)
  deps.streams.out(value ?? statusText(status, deps.now(), output === 'wide'))
}

export function statusCommand(deps: Deps, run: typeof statusRun = statusRun): Command {
  return new Command('status')
    .description('show one nested cluster: nodes, etcd, certificates, and what is wrong')
    .argument('[name]', 'cluster name', defaultName)
    .option('-w, --watch', 'show it again whenever it has changed')
    .addOption(outputOption(['table', 'wide', 'json', 'yaml', 'name']))
    .action((name: string, flags: Partial<Pick<StatusOptions, 'output' | 'watch'>>, command: Command) =>
      run(deps, {
        ...globalOptions(command),
        name,
        watch: flags.watch === true,
        output: flags.output,
      }),
    )
}
