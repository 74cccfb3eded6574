import {
  awaitPodsGone,
  deleteFound,
  deleteNamespace,
  foreignIn,
  KnestError,
  labels,
  managedByKnest,
  nestedClusterCrd,
  nestedClusterKind,
  releaseCrd,
  removeFinalizer,
  staysFor,
} from '@knest/core'
import type { KindRef, KubeApi, KubeObject, RunOptions } from '@knest/core'
import { bindingsOfAll } from './bindings.js'
import { controllerObjects } from './manifests.js'
import { controllerName, controllerNamespace } from './names.js'
import { crdKind, deploymentKind, podKind, replicaSetKind, troubleOf } from './pods.js'

interface Found {
  /** What is there of the controller and knest made, in the order in which it goes; its namespace left out. */
  readonly own: readonly KubeObject[]
  readonly ownNamespace: boolean
  readonly servesClusters: boolean
}

/**
 * Takes the controller off the host. Clusters stay as they are and are worked on by commands again; what it
 * had asked the host to keep for it is let go first, so that no object waits for it for ever. What somebody else made
 * under such a name stays, and so does the namespace when something of others is in it. Who may not do all of it is
 * told so before anything is done (`not-permitted`).
 */
export async function uninstallController(api: KubeApi, { progress, signal }: RunOptions): Promise<void> {
  await progress.phase('Remove the controller', async (inner) => {
    const found = await lookFor(api, signal)
    const isStarted = found.own.length > 0 || found.ownNamespace
    if (!isStarted) {
      await releaseCrd(api, signal)
      return
    }
    await refuseWithoutRights(api, found, signal)
    await stopController(api, found, signal)
    if (found.servesClusters) await removeFinalizers(api, signal)
    for (const object of found.own) await deleteFound(api, object, object, { signal })
    await removeOwnNamespace(api, found, (text) => inner.note(text), signal)
    await releaseCrd(api, signal)
  })
}

/** Whether knest made an object that no cluster has to itself. */
export function isOfKnest({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.labels?.[labels.managedBy] === managedByKnest
}

/** Everything is looked at before anything goes. */
async function lookFor(api: KubeApi, signal: AbortSignal): Promise<Found> {
  const unseen: string[] = []
  const see = async (kind: KindRef, name: string, namespace?: string): Promise<KubeObject | undefined> => {
    try {
      return await api.get(kind, name, namespace, signal)
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      // A host that does not have the kind has no object of it.
      if (error.code === 'not-found') return undefined
      if (error.code !== 'not-permitted') throw error
      unseen.push(`get ${resourceOf(kind)}`)
      return undefined
    }
  }
  const objects = controllerObjects({ image: '', allNamespaces: true })
  const [bindings, crd, ...seen] = await Promise.all([
    bindingsOfAll(api, signal).catch((error: unknown) => {
      if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
      unseen.push('list rolebindings')
      return []
    }),
    see(crdKind, nestedClusterCrd().metadata.name),
    ...objects.map((object) => see(object, object.metadata.name, object.metadata.namespace)),
  ])
  if (unseen.length > 0) throw lacking(unseen)
  const there = objects.flatMap((object, index) => {
    const found = seen[index]
    const { apiVersion, kind } = object
    return found !== undefined && isOfKnest(found) ? [{ ...found, apiVersion, kind }] : []
  })
  return {
    // Policies are there for as long as the rights, which come after them.
    own: [...bindings, ...there.filter(({ kind }) => kind !== 'Namespace').reverse()],
    ownNamespace: there.some(({ kind }) => kind === 'Namespace'),
    servesClusters: crd !== undefined,
  }
}

/** As RBAC calls it, as in `validatingadmissionpolicies`; kinds of the controller only. */
function resourceOf({ kind }: Pick<KindRef, 'kind'>): string {
  return kind.toLowerCase().replace(/y$/, 'ie') + 's'
}

function groupOf({ apiVersion }: KindRef): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}

/** Half a controller is worse than a whole one: who may not remove all of it removes nothing. */
async function refuseWithoutRights(
  api: KubeApi,
  { own, ownNamespace, servesClusters }: Found,
  signal: AbortSignal,
): Promise<void> {
  const right = (verb: string, kind: KindRef, namespace?: string) => ({
    verb,
    ...(groupOf(kind) !== '' && { group: groupOf(kind) }),
    resource: resourceOf(kind),
    ...(namespace !== undefined && { namespace }),
  })
  const needed = [
    ...own.map((object) => right('delete', object, object.metadata.namespace)),
    ...[deploymentKind, replicaSetKind, podKind].flatMap((kind) =>
      ['list', 'delete'].map((verb) => right(verb, kind, controllerNamespace)),
    ),
    ...(ownNamespace ? [right('delete', { apiVersion: 'v1', kind: 'Namespace' })] : []),
    ...(servesClusters
      ? [...['list', 'patch'].map((verb) => right(verb, nestedClusterKind)), right('patch', crdKind)]
      : []),
  ]
  const allowed = await Promise.all(needed.map((access) => api.canI(access, signal)))
  const missing = needed.filter((_, index) => allowed[index] === false)
  if (missing.length > 0) throw lacking(missing.map(({ verb, resource }) => `${verb} ${resource}`))
}

function lacking(rights: readonly string[]): KnestError {
  return new KnestError(
    'not-permitted',
    `you may not ${[...new Set(rights)].join(', ')} on the host, which taking the controller away needs: nothing was removed`,
    { hint: 'ask for these rights, or have somebody run the command who has them' },
  )
}

/** Owner before owned, so that nobody makes them again; the host's garbage collector would take a second for each. */
async function stopController(api: KubeApi, { own }: Found, signal: AbortSignal): Promise<void> {
  const selector = {
    namespace: controllerNamespace,
    labelSelector: `app.kubernetes.io/name=${controllerName}`,
  }
  const deployment = own.filter(({ kind }) => kind === deploymentKind.kind)
  const remove = (kind: KindRef, found: readonly KubeObject[]): Promise<unknown> =>
    Promise.all(
      found.map((object) => deleteFound(api, kind, object, { signal, propagationPolicy: 'Background' })),
    )
  await remove(deploymentKind, deployment)
  for (const [kind, owner] of [
    [replicaSetKind, deploymentKind.kind],
    [podKind, replicaSetKind.kind],
  ] as const) {
    const found = await api.list(kind, { ...selector, signal })
    await remove(
      kind,
      found.filter(({ metadata }) => metadata.ownerReferences?.some((one) => one.kind === owner)),
    )
  }
  await awaitPodsGone(api, selector, {
    timeoutMs: 60_000,
    signal,
    awaited: 'the pod of the controller to be gone',
    describe: (pods) => pods.map(troubleOf).join('; '),
  })
}

async function removeFinalizers(api: KubeApi, signal: AbortSignal): Promise<void> {
  for (const cluster of await api.list(nestedClusterKind, { signal }))
    await removeFinalizer(api, cluster, signal)
}

async function removeOwnNamespace(
  api: KubeApi,
  { ownNamespace }: Found,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (!ownNamespace) return
  const others = await foreignIn(api, controllerNamespace, isOfKnest, signal)
  const why = staysFor(controllerNamespace, others)
  if (why === undefined) await deleteNamespace(api, controllerNamespace, signal)
  else note(why)
}
