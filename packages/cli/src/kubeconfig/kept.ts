import { clusterCommand, kubeconfigFileName, KnestError } from 'knest'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deps } from '../deps.js'
import { homeFolder } from '../home-folder.js'
import type { ContextOwner, HostRecord, NestedOwner } from './index.js'

export interface KeepOptions {
  readonly merge: boolean
  readonly switchContext: boolean
}

export interface Kept {
  /** The cluster's own kubeconfig file; undefined when it could not be written. */
  readonly file: string | undefined
  /** In the user's kubeconfig; undefined when it was left alone. */
  readonly context: string | undefined
}

/** Writes the cluster's own kubeconfig file and, if wanted, its context, both with whose they are. */
export async function keepKubeconfig(
  deps: Deps,
  owner: NestedOwner,
  kubeconfig: string,
  options: KeepOptions,
): Promise<Kept> {
  const file = await writeOwn(deps, owner, kubeconfig)
  if (!options.merge) return { file, context: undefined }
  return { file, context: await mergeContext(deps, kubeconfig, owner, options.switchContext) }
}

/**
 * The same behind work that is done: what cannot be written is told and no failure, for the host has it, too. Throws
 * only when `signal` is aborted.
 */
export async function keepIfPossible(
  deps: Deps,
  owner: NestedOwner,
  kubeconfig: string,
  options: KeepOptions,
  signal?: AbortSignal,
): Promise<Kept> {
  const { ref } = owner
  const kept: { file: string | undefined; context: string | undefined } = {
    file: undefined,
    context: undefined,
  }
  const write = async (): Promise<void> => {
    kept.file = await writeOwn(deps, owner, kubeconfig)
    if (options.merge) kept.context = await mergeContext(deps, kubeconfig, owner, options.switchContext)
  }
  await unlessImpossible(
    deps,
    write,
    (why) => `${why}; print it with ${clusterCommand('kubeconfig', ref)}`,
    signal,
  )
  return kept
}

/** Work on the user's files behind work that is done: what fails is told. */
export async function unlessImpossible(
  deps: Deps,
  work: () => Promise<void>,
  tell: (why: string) => string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof KnestError)) throw error
    deps.messages.warning(tell(error.message))
  }
}

async function writeOwn(deps: Deps, owner: NestedOwner, kubeconfig: string): Promise<string> {
  const { withOwner, writeOwnKubeconfig } = await deps.kubeconfigs()
  const { file } = await ownFile(deps, owner)
  await writeOwnKubeconfig(file, withOwner(kubeconfig, owner))
  return file
}

/**
 * Finds out before the work what would keep its kubeconfig from being written behind it. Throws `prerequisite`,
 * `config` or `conflict`; without `merge` it only warns, since nothing of the user's is changed there.
 */
export async function checkKeeping(deps: Deps, owner: NestedOwner, options: KeepOptions): Promise<void> {
  const { tryToWriteOwn } = await deps.kubeconfigs()
  const { ref } = owner
  const check = (): Promise<void> => tryToWriteOwn(join(home(deps), '.kube', kubeconfigFileName(ref)))
  if (options.merge) {
    await checkContext(deps, ref.name, owner, options.switchContext, noMerge)
    await hinting(check, noMerge)
  } else
    await unlessImpossible(
      deps,
      check,
      (why) => `${why}; it will be printed by ${clusterCommand('kubeconfig', ref)}`,
    )
}

const noMerge = 'repair it, name another file with $KUBECONFIG, or leave it alone with --no-merge'

async function hinting(work: () => Promise<void>, hint: string | undefined): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    throw new KnestError(error.code, error.message, { hint: hint ?? error.hint, cause: error })
  }
}

/** Adds a kubeconfig's one context to the user's kubeconfig; gives the name it has there. */
export async function mergeContext(
  deps: Deps,
  kubeconfig: string,
  owner: ContextOwner,
  switchContext: boolean,
): Promise<string> {
  const { kubeconfigFiles, mergeIntoDefault } = await deps.kubeconfigs()
  const files = kubeconfigFiles(deps.env, home(deps))
  return (await mergeIntoDefault(files, kubeconfig, owner, { setCurrent: switchContext })).context
}

/** Says before anything is made that the context could not be added: throws `config`, with the hint for it. */
export async function checkContext(
  deps: Deps,
  name: string,
  owner: ContextOwner,
  switchContext: boolean,
  hint?: string,
): Promise<void> {
  const { checkMerge, kubeconfigFiles } = await deps.kubeconfigs()
  const files = kubeconfigFiles(deps.env, home(deps))
  await hinting(() => checkMerge(files, name, owner, { setCurrent: switchContext }), hint)
}

/** False too when no kubeconfig is there yet. Throws `config` for one that cannot be read. */
export async function hasCurrentContext(deps: Deps): Promise<boolean> {
  const { kubeconfigFiles, readContexts } = await deps.kubeconfigs()
  const { current } = await readContexts(kubeconfigFiles(deps.env, home(deps)))
  return current !== undefined
}

/** The text of the cluster's own kubeconfig file; undefined when this machine has none. */
export async function keptKubeconfig(deps: Deps, owner: NestedOwner): Promise<string | undefined> {
  return (await ownFile(deps, owner)).text
}

/** Removes the file and the context of a cluster that is gone, and nothing of one on another host. */
export async function forgetKubeconfig(deps: Deps, owner: NestedOwner): Promise<void> {
  const { authorityIn, kubeconfigFiles, removeFromDefault, removeOwnKubeconfig } = await deps.kubeconfigs()
  const { file, text } = await ownFile(deps, owner)
  const authority = text === undefined ? undefined : authorityIn(text)
  try {
    if (text !== undefined) await removeOwnKubeconfig(file)
  } finally {
    await removeFromDefault(kubeconfigFiles(deps.env, home(deps)), owner, authority)
  }
}

/** Removes the context of an embedded host that is gone, and those of all clusters that were on it. */
export async function forgetEmbedded(
  deps: Deps,
  context: string,
  host: HostRecord | undefined,
): Promise<void> {
  const { kubeconfigFiles, removeFromDefault } = await deps.kubeconfigs()
  await removeFromDefault(kubeconfigFiles(deps.env, home(deps)), { embedded: context })
  if (host !== undefined) await forgetNested(deps, host)
}

/** Removes files and contexts of all clusters that were on a host. */
export async function forgetNested(deps: Deps, host: HostRecord): Promise<void> {
  const { isSameHost, kubeconfigFiles, ownersIn } = await deps.kubeconfigs()
  const files = kubeconfigFiles(deps.env, home(deps))
  for (const owner of await ownersIn([...files, ...(await ownFiles(deps))]))
    if (isSameHost(owner.host, host) && (host.uid !== undefined || owner.host.context === host.context))
      await forgetKubeconfig(deps, owner)
}

async function ownFiles(deps: Deps): Promise<readonly string[]> {
  const folder = join(home(deps), '.kube')
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => /^knest\..*\.kubeconfig$/.test(name)).map((name) => join(folder, name))
}

interface OwnFile {
  readonly file: string
  /** Undefined when it is not there. */
  readonly text: string | undefined
}

/**
 * One name, one cluster: a second host's cluster of the same names gets a file with a number. A damaged one is replaced
 * where none is the owner's.
 */
async function ownFile(deps: Deps, owner: NestedOwner): Promise<OwnFile> {
  const { isFileOf, readIfThere } = await deps.kubeconfigs()
  let free: string | undefined
  let damaged: OwnFile | undefined
  for (let number = 1; number < 100; number++) {
    const suffix = number === 1 ? '' : `.${number}`
    const name = kubeconfigFileName(owner.ref).replace(/\.kubeconfig$/, `${suffix}.kubeconfig`)
    const file = join(home(deps), '.kube', name)
    const text = await readIfThere(file)
    if (text === undefined) {
      free ??= file
      // Where the first two are free there is no third.
      if (number > 1) break
      continue
    }
    const isOwn = isFileOf(text, owner)
    if (isOwn === true) return { file, text }
    if (isOwn === undefined) damaged ??= { file, text }
  }
  if (damaged !== undefined) return damaged
  if (free !== undefined) return { file: free, text: undefined }
  throw new KnestError('config', `there are too many kubeconfig files of clusters "${owner.ref.name}"`, {
    hint: `remove those in ${join(home(deps), '.kube')} that are no longer needed`,
  })
}

export function home({ env }: Deps): string {
  return homeFolder(env)
}
