import { defaultNamespace, KnestError, type Clusters, type ClusterRef, type RunOptions } from 'knest'
import { removeUnusedController } from '../controller-offer.js'
import type { Deps, OpenClusters } from '../deps.js'
import type { FoundHost } from '../find-host.js'
import type { GlobalOptions } from '../global-options.js'
import { forgetKubeconfig, unlessImpossible } from '../kubeconfig/kept.js'
import { leftovers } from '../leftovers.js'
import { ask, findCluster, operate } from '../operation.js'
import { renderValue, type OutputFormat } from '../output.js'
import type { TimeLimit } from '../time-limit.js'
import { withTiming, type TimingOptions } from '../timing/timing.js'
import { printPlan } from '../views/plan.js'

export interface DeleteOptions extends GlobalOptions, TimeLimit, TimingOptions {
  readonly name: string
  readonly keepData: boolean
  readonly ignoreNotFound: boolean
  readonly dryRun: boolean
  readonly output?: OutputFormat | undefined
}

export interface Deleted {
  readonly name: string
  readonly namespace: string
  readonly deleted: true
  readonly dataKept: boolean
}

/** Undefined where nothing was deleted: it was only planned, or is not there, which is no failure. */
export async function deleteOne(
  deps: Deps,
  open: OpenClusters,
  host: Pick<FoundHost, 'record'>,
  options: DeleteOptions,
): Promise<Deleted | undefined> {
  const { clusters } = open
  const ref = await refOf(deps, clusters, options)
  const left = (): ReturnType<typeof leftovers> => leftovers(clusters, ref)
  if (options.dryRun) {
    const plan = await operate(
      deps,
      options,
      (run) => clusters.planDelete(ref, { ...run, keepData: options.keepData }),
      left,
    )
    await printPlan(deps, plan, options.output)
    return undefined
  }
  const forget = async (): Promise<void> => {
    const gone = `cluster "${ref.name}" is deleted, and its context may be left`
    const owner = { ref, host: await ask(deps, (signal) => host.record(signal), gone) }
    await unlessImpossible(
      deps,
      () => forgetKubeconfig(deps, owner),
      (why) => `the context of cluster "${ref.name}" may be left: ${why}`,
    )
  }
  const deleted = await withTiming(deps, options, `knest delete ${ref.name}`, (clock) =>
    operate(deps, options, (run) => remove(open, ref, { ...run, clock }, options), left),
  ).catch(async (error: unknown) => {
    // Somebody else may have deleted it: what leads to it from here is dead, too.
    if (isNotFound(error)) await forget()
    throw error
  })
  await forget()
  return deleted === undefined ? undefined : { ...ref, deleted: true, dataKept: deleted.dataKept }
}

export async function showDeleted(
  deps: Deps,
  { name, namespace, deleted, dataKept }: Deleted,
  { output }: Pick<DeleteOptions, 'output'>,
): Promise<void> {
  const value = await renderValue({ name, namespace, deleted, dataKept }, output)
  deps.streams.out(value ?? (output === 'name' ? `${name}\n` : `cluster "${name}" deleted\n`))
}

/** A half deleted cluster has no record any more, but `delete` still finds what is left of it. */
async function refOf(deps: Deps, clusters: Clusters, options: DeleteOptions): Promise<ClusterRef> {
  try {
    return await findCluster(deps, clusters, options)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return { name: options.name, namespace: options.namespace ?? defaultNamespace(options.name) }
  }
}

async function remove(
  open: OpenClusters,
  ref: ClusterRef,
  run: RunOptions,
  options: DeleteOptions,
): Promise<{ readonly dataKept: boolean } | undefined> {
  const { keepData } = options
  try {
    const [deleted, dismissed] = await Promise.allSettled([
      open.clusters.delete(ref, { ...run, keepData }),
      keepData ? undefined : removeUnusedController(open, ref, run),
    ])
    if (deleted.status === 'rejected') throw deleted.reason
    if (dismissed.status === 'rejected') throw dismissed.reason
    return deleted.value
  } catch (error) {
    if (options.ignoreNotFound && isNotFound(error)) return undefined
    throw error
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof KnestError && error.code === 'not-found'
}
