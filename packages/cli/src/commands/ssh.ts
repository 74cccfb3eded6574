import { knestCommand, KnestError, type Clusters, type ClusterRef, type NodeHandle } from 'knest'
import { Command } from 'commander'
import { checkTarget } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { brokenPipeExitCode, SilentExit } from '../exit-codes.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { interruptible } from '../interrupt.js'
import { ask, withClusters } from '../operation.js'
import { splitWords } from '../split-words.js'

export interface SshOptions extends GlobalOptions {
  readonly name: string
  /** As in `quickstart-worker-0`, or without the cluster's name. */
  readonly node: string
  /** Run instead of an interactive shell. */
  readonly command: readonly string[]
  /** Pass standard input on to the command. */
  readonly stdin: boolean
}

/** A command is ended by Ctrl-C, not by a clock. */
const dayMs = 24 * 60 * 60_000

export async function sshRun(deps: Deps, options: SshOptions): Promise<void> {
  await checkTarget(deps, options)
  const { name, command } = options
  const terminal = deps.terminal()
  if (command.length === 0 && terminal === undefined) {
    throw new KnestError('usage', 'standard input and output are no terminal', {
      hint: `give a command: ${knestCommand('ssh', name, options.node, '--', 'COMMAND')}`,
    })
  }
  const exitCode = await withClusters(deps, options, async (clusters) => {
    const node = await ask(deps, async (signal) => {
      const ref = await clusters.find(name, options.namespace, signal)
      return openNamed(clusters, ref, options.node, signal)
    })
    return command.length === 0 && terminal !== undefined
      ? openTerminal(deps, node, terminal)
      : runCommand(deps, node, options)
  })
  if (exitCode !== 0) throw new SilentExit(exitCode)
}

/** By its name, or by that without the cluster's: which of both `worker-0` of a cluster `worker` is, its nodes say. */
async function openNamed(
  clusters: Clusters,
  ref: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<NodeHandle> {
  const full = `${ref.name}-${node}`
  if (!node.startsWith(`${ref.name}-`)) return clusters.openNode(ref, full, signal)
  try {
    return await clusters.openNode(ref, node, signal)
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-found') throw error
    return clusters.openNode(ref, full, signal).catch(() => Promise.reject(error))
  }
}

async function openTerminal(
  deps: Deps,
  node: NodeHandle,
  terminal: NonNullable<ReturnType<Deps['terminal']>>,
): Promise<number> {
  if (node.terminal === undefined)
    throw new KnestError('prerequisite', `node "${node.name}" offers no terminal`)
  const { name } = node
  const ending = new AbortController()
  const stop = deps.interrupts.listen((signal) => {
    // Ctrl-C is a key like others there.
    if (signal !== 'SIGINT') ending.abort(new KnestError('cancelled', `the shell on "${name}" was left`))
  })
  try {
    return await node.terminal(['bash', '-l'], terminal, ending.signal)
  } finally {
    stop()
  }
}

async function runCommand(deps: Deps, node: NodeHandle, { command, stdin }: SshOptions): Promise<number> {
  const { stdout, stderr } = deps.streams
  const input = stdin ? deps.streams.stdin : undefined
  const interruption = {
    onFirst: () => undefined,
    describe: () =>
      Promise.resolve({
        message: `"${command[0] ?? ''}" may still run on node "${node.name}"`,
        hint: undefined,
      }),
  }
  return interruptible(deps.interrupts, interruption, (signal) =>
    node
      .exec(command, { stdin: input, stdout, stderr, timeoutMs: dayMs, signal })
      .catch((error: unknown) => streamEnded(error)),
  )
}

/** Who reads our output may go before it ends, as in `| head -1`: that is the end of the command, too. */
function streamEnded(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (error instanceof KnestError || code === undefined) throw error
  if (code === 'EPIPE') return brokenPipeExitCode
  const { message } = error as Error
  throw new KnestError('prerequisite', `standard input or output failed: ${message}`, { cause: error })
}

export function sshCommand(deps: Deps, run: typeof sshRun = sshRun): Command {
  return new Command('ssh')
    .description('open a shell on a node of a nested cluster, whether it is a pod or a VM')
    .usage('<name> <node> [options] [-- command...]')
    .argument('[name]', 'cluster name')
    .argument('[node]', 'node name, as in `knest status`; the name of the cluster may be left out')
    .argument('[command...]', 'after --: run this instead, and give its exit code')
    .option('-i, --stdin', 'pass standard input on to the command')
    .action(
      (_name: unknown, _node: unknown, _words: unknown, flags: { readonly stdin?: boolean }, self: Command) =>
        run(deps, { ...globalOptions(self), ...nodeAndCommand(self), stdin: flags.stdin === true }),
    )
}

function nodeAndCommand(self: Command): Pick<SshOptions, 'name' | 'node' | 'command'> {
  const { operands, command } = splitWords(self)
  const [name, node, ...more] = operands
  if (name === undefined || node === undefined) {
    throw new KnestError(
      'usage',
      name === undefined ? 'no cluster and no node is given' : `no node of cluster "${name}" is given`,
      {
        hint: `write ${knestCommand('ssh', name ?? 'NAME', 'NODE')}; ${knestCommand('status', name ?? 'NAME')} shows the nodes`,
      },
    )
  }
  if (more.length > 0) {
    throw new KnestError('usage', `"${more.join(' ')}" comes after the node without --`, {
      hint: `write ${knestCommand('ssh', name, node, '--', ...more)}`,
    })
  }
  return { name, node, command }
}
