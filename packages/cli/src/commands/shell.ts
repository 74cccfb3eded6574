import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knestCommand, KnestError, type Clusters, type ClusterRef } from 'knest'
import { Command } from 'commander'
import { checkTarget, defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import { SilentExit } from '../exit-codes.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { ask, findCluster, withHost } from '../operation.js'
import { splitWords } from '../split-words.js'

export interface ShellOptions extends GlobalOptions {
  readonly name: string
  /** Run instead of an interactive shell. */
  readonly command: readonly string[]
}

export async function shellRun(deps: Deps, options: ShellOptions): Promise<void> {
  await checkTarget(deps, options)
  const exitCode = await withHost(deps, options, async ({ clusters }, host) => {
    const ref = await findCluster(deps, clusters, options)
    const record = await ask(deps, (signal) => host.record(signal))
    const { withOwner } = await deps.kubeconfigs()
    const stop = new AbortController()
    const access = await ask(deps, (signal) => openAccess(clusters, ref, signal, stop.signal))
    // Ctrl-C is for the shell and what runs in it; it is on the same terminal and gets it too.
    const ignore = deps.interrupts.listen(() => undefined)
    try {
      const kubeconfig = withOwner(access.kubeconfig, { ref, host: record })
      return await withDirectory((directory) => runShell(deps, options, ref, kubeconfig, directory))
    } finally {
      ignore()
      stop.abort()
      await access.close()
    }
  })
  if (exitCode !== 0) throw new SilentExit(exitCode)
}

interface Access {
  readonly kubeconfig: string
  close(): Promise<void>
}

async function openAccess(
  clusters: Clusters,
  ref: ClusterRef,
  asking: AbortSignal,
  lasting: AbortSignal,
): Promise<Access> {
  const direct = await clusters.kubeconfig(ref, asking)
  if (direct.reachable) return { kubeconfig: direct.kubeconfig, close: () => Promise.resolve() }
  return clusters.forwardApi(ref, 0, lasting)
}

/** Gives it a folder for the time of `work`. */
async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await writing(mkdtemp(join(tmpdir(), 'knest-shell-')))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function writing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new KnestError('prerequisite', `the shell's files cannot be written: ${(error as Error).message}`, {
      hint: 'name a folder that you may write to, and that has room, with $TMPDIR',
      cause: error,
    })
  }
}

async function runShell(
  deps: Deps,
  options: ShellOptions,
  ref: ClusterRef,
  kubeconfig: string,
  directory: string,
): Promise<number> {
  const file = join(directory, 'kubeconfig')
  await writing(writeFile(file, kubeconfig, { mode: 0o600 }))
  const { withoutProxy } = await deps.kubeconfigs()
  const proxies = withoutProxy(kubeconfig, deps.env)
  const env = {
    ...deps.env,
    ...proxies,
    KUBECONFIG: file,
    KNEST_CLUSTER: ref.name,
    KNEST_NAMESPACE: ref.namespace,
  }
  if (options.command.length > 0) return deps.spawn(options.command, env)
  const { shellStart } = await import('../shell-start.js')
  const { SHELL = '' } = deps.env
  const start = shellStart(SHELL === '' ? '/bin/sh' : SHELL, {
    prompt: `[${ref.namespace}/${ref.name}]`,
    kubeconfig: file,
    directory,
    home: deps.env.ZDOTDIR ?? deps.env.HOME ?? '/',
  })
  for (const [name, content] of Object.entries(start.files))
    await writing(writeFile(join(directory, name), content))
  return deps.spawn(start.argv, { ...env, ...start.env })
}

export function shellCommand(deps: Deps, run: typeof shellRun = shellRun): Command {
  return new Command('shell')
    .description('open a shell whose kubectl talks to a nested cluster')
    .usage('[name] [options] [-- command...]')
    .argument('[name]', 'cluster name (default: knest)')
    .argument('[command...]', 'after --: run this instead, and give its exit code')
    .action((_name: string | undefined, _words: readonly string[], _flags: object, self: Command) =>
      run(deps, { ...globalOptions(self), ...nameAndCommand(self) }),
    )
}

function nameAndCommand(self: Command): { name: string; command: readonly string[] } {
  const { operands, command } = splitWords(self)
  const [name = defaultName, ...more] = operands
  if (more.length > 0) {
    throw new KnestError('usage', `"${more.join(' ')}" comes after the cluster name without --`, {
      hint: `write ${knestCommand('shell', name, '--', ...more)}`,
    })
  }
  if (command[0] === '') {
    throw new KnestError('usage', 'the command after -- is empty', {
      hint: `leave -- out for a shell: ${knestCommand('shell', name)}`,
    })
  }
  return { name, command }
}
