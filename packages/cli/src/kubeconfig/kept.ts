import { contextName, kubeconfigFileName, KnestError, type ClusterRef } from 'knest'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Deps } from '../deps.js'
import type { HostRecord } from './index.js'

export interface KeepOptions {
  readonly merge: boolean
  readonly switchContext: boolean
}

/** The cluster's context must not take the place of the one its host is reached by. */
export function checkContext(ref: ClusterRef, hostDescription: string, merge: boolean): void {
  if (!merge || hostDescription !== `context "${contextName(ref.name)}"`) return
  throw new KnestError(
    'usage',
    `the context of cluster "${ref.name}" would be "${contextName(ref.name)}", as that of its host is`,
    { hint: 'choose another name, or leave your kubeconfig as it is with --no-merge' },
  )
}

/** Writes the cluster's own kubeconfig file and, if wanted, its context, both with the way to its host; gives the file's path. */
export async function keepKubeconfig(
  deps: Deps,
  ref: ClusterRef,
  kubeconfig: string,
  host: HostRecord,
  options: KeepOptions,
): Promise<string> {
  const { withHostRecord, writeOwnKubeconfig } = await deps.kubeconfigs()
  const file = ownFile(deps, ref)
  const recorded = withHostRecord(kubeconfig, host)
  await writeOwnKubeconfig(file, recorded)
  if (options.merge) await mergeContext(deps, recorded, options.switchContext)
  return file
}

/** Adds a kubeconfig's one context to the user's kubeconfig. */
export async function mergeContext(deps: Deps, kubeconfig: string, switchContext: boolean): Promise<void> {
  const { kubeconfigFiles, mergeIntoDefault } = await deps.kubeconfigs()
  await mergeIntoDefault(kubeconfigFiles(deps.env, home(deps)), kubeconfig, { setCurrent: switchContext })
}

/** False too when no kubeconfig is there yet. Throws `config` for one that cannot be read. */
export async function hasCurrentContext(deps: Deps): Promise<boolean> {
  const { kubeconfigFiles, readContexts } = await deps.kubeconfigs()
  const { current } = await readContexts(kubeconfigFiles(deps.env, home(deps)))
  return current !== undefined
}

/** Removes the file and the context of a cluster that is gone. */
export async function forgetKubeconfig(deps: Deps, ref: ClusterRef): Promise<void> {
  const { removeOwnKubeconfig } = await deps.kubeconfigs()
  await removeOwnKubeconfig(ownFile(deps, ref))
  await forgetContext(deps, ref.name)
}

/** `name` is the cluster's; its context is `knest-NAME`. */
export async function forgetContext(deps: Deps, name: string): Promise<void> {
  const { kubeconfigFiles, removeFromDefault } = await deps.kubeconfigs()
  await removeFromDefault(kubeconfigFiles(deps.env, home(deps)), name)
}

function ownFile(deps: Deps, ref: ClusterRef): string {
  return join(home(deps), '.kube', kubeconfigFileName(ref))
}

export function home({ env }: Deps): string {
  return env.HOME ?? homedir()
}
