import { KnestError, type ClusterRef } from 'knest'
import { checkTarget } from '../cluster-target.js'
import type { Deps, OpenClusters } from '../deps.js'
import { labelSelector, type Selector } from '../label-selector.js'
import { ask, withHost } from '../operation.js'
import { renderValue } from '../output.js'
import { deleteOne, showDeleted, type Deleted, type DeleteOptions } from './delete-one.js'

type Options = Omit<DeleteOptions, 'name'>

export interface WhichClusters {
  readonly names: readonly string[]
  readonly all: boolean
  /** As typed after -l; undefined: none was. */
  readonly selector?: string | undefined
  /** Answers for whom nobody asks. */
  readonly yes: boolean
}

/**
 * One after the other. One that cannot be deleted keeps no other from it: its error is told at once, and the first of
 * them is thrown at the end.
 */
export async function deleteSeveral(deps: Deps, options: Options, which: WhichClusters): Promise<void> {
  const { output } = options
  const isData = output === 'json' || output === 'yaml'
  const selector = which.selector === undefined ? undefined : await meant(deps, which.selector)
  if (which.names.length === 0 && !which.all && selector === undefined) {
    throw new KnestError('usage', "missing required argument 'name'", {
      hint: 'name the clusters to delete, or give -l or --all',
    })
  }
  refuseForOne(options.timingSvg !== undefined, '--timing-svg')
  refuseForOne(options.dryRun && isData, '--dry-run with -o json or yaml')
  if (which.all && !which.yes && !options.dryRun && deps.asker() === undefined) {
    throw new KnestError('usage', '--all asks before it deletes, and there is nobody to ask', {
      hint: 'add --yes, or name the clusters',
    })
  }
  for (const name of which.names) await checkTarget(deps, { ...options, name })
  await withHost(deps, options, async (open, host) => {
    const deleted: Deleted[] = []
    const errors: unknown[] = []
    for (const target of await targets(deps, open, options, { ...which, selector })) {
      try {
        if (options.dryRun) deps.messages.info(`cluster "${target.name}":`)
        const done = await deleteOne(deps, open, host, { ...options, ...target })
        if (done === undefined) continue
        deleted.push(done)
        if (!isData) await showDeleted(deps, done, options)
      } catch (error) {
        if (!(error instanceof KnestError) || error.code === 'cancelled') throw error
        if (errors.length > 0)
          deps.messages.warning(`cluster "${target.name}" was not deleted: ${error.message}`)
        errors.push(error)
      }
    }
    const value = await renderValue({ items: deleted }, output)
    if (value !== undefined && !options.dryRun) deps.streams.out(value)
    if (errors.length > 0) throw errors[0]
  })
}

function refuseForOne(isGiven: boolean, what: string): void {
  if (!isGiven) return
  throw new KnestError('usage', `${what} is for one cluster`, { hint: 'leave it out, or name one cluster' })
}

interface Target {
  readonly name: string
  readonly namespace?: string | undefined
}

async function targets(
  deps: Deps,
  { clusters, description }: OpenClusters,
  options: Options,
  {
    names,
    all,
    yes,
    selector,
  }: Omit<WhichClusters, 'selector'> & { readonly selector: Selector | undefined },
): Promise<readonly Target[]> {
  if (!all && selector === undefined) return names.map((name) => ({ name }))
  const seen = await ask(deps, (signal) =>
    clusters.list(options.namespace, signal, (namespace) => {
      deps.messages.note(
        `you may not list the clusters of all namespaces: these are those of namespace "${namespace}"`,
      )
    }),
  )
  const found = seen.filter(({ labels = {} }) => selector?.matches(labels) !== false)
  if (found.length === 0) deps.messages.info('No nested clusters found')
  // As with kubectl, who says which ones by their labels is not asked.
  else if (all && !yes && !options.dryRun) await confirmAll(deps, found, description)
  return found.map(({ name, namespace }) => ({ name, namespace }))
}

/** An empty selector, as of an unset variable, means every cluster to Kubernetes: nobody deletes so. Throws `usage`. */
async function meant(deps: Deps, text: string): Promise<Selector> {
  const selector = await labelSelector(deps, text)
  if (!selector.isEmpty) return selector
  throw new KnestError('usage', 'the label selector of -l is empty, which would be every cluster', {
    hint: 'write it as in -l team=web; all clusters are --all',
  })
}

/** They may be somebody else's: throws unless they are seen and meant. */
async function confirmAll(deps: Deps, found: readonly ClusterRef[], description: string): Promise<void> {
  const list = found.map(({ name, namespace }) => `${namespace}/${name}`).join(', ')
  const isMeant = await deps.asker()?.(`Delete ${list} of ${description}?`)
  if (isMeant !== true) throw new KnestError('cancelled', 'nothing was deleted')
}
