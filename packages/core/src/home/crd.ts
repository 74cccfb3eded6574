import { knestCommand, kubectlCommand } from '../commands.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError, unlessForbidden, type Problem } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { nestedClusterCrd } from '../spec/index.js'
import { nestedClusterKind } from './record.js'

export const crdKind: KindRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
export const crdName = 'nestedclusters.knest.dev'

/** Who has it stay when the last cluster goes: `true` is a host of knest's own, or the controller. */
const keepAnnotation = 'knest.dev/keep'
const keptForController = 'controller'

const revisionAnnotation = 'knest.dev/definition-revision'
/** Raised with each change of the definition, see crd.test.ts: an older knest leaves a newer definition as it is. */
const revision = 6

/**
 * Applies the CRD, unless that of a newer knest is there, and waits until the host serves it. Touches it each time,
 * see removeCrdIfUnused.
 */
export async function ensureCrd(api: KubeApi, signal: AbortSignal, keptFor?: string): Promise<void> {
  const existing = await api.get(crdKind, crdName, undefined, signal)
  const [foreign] = problemsOf(existing)
  if (foreign !== undefined) throw new KnestError('already-exists', foreign.message, { hint: foreign.hint })
  const keep = existing?.metadata.annotations?.[keepAnnotation] ?? keptFor
  const crd = nestedClusterCrd()
  const annotations = {
    'knest.dev/last-used': new Date().toISOString(),
    ...(keep === undefined ? {} : { [keepAnnotation]: keep }),
  }
  const applied = isNewer(existing)
    ? // Without its fields the objects of who has that knest would lose them.
      await api.patch(crdKind, crdName, undefined, { metadata: { annotations } }, { signal })
    : await api.apply(
        {
          ...crd,
          metadata: {
            ...crd.metadata,
            annotations: { ...annotations, [revisionAnnotation]: String(revision) },
          },
        },
        { signal },
      )
  if (isEstablished(applied)) return
  await api.waitFor(
    crdKind,
    { fieldSelector: `metadata.name=${crdName}` },
    (found) => found.some(isEstablished),
    {
      timeoutMs: 30_000,
      signal,
      awaited: 'the NestedCluster resource definition to be served',
      describe: () => 'not established yet',
    },
  )
}

function isNewer(crd: KubeObject | undefined): boolean {
  return Number(crd?.metadata.annotations?.[revisionAnnotation] ?? 0) > revision
}

/** Of knest, and older than this one: it drops the fields that are new. */
export function isOutdated(crd: KubeObject): boolean {
  const made = crd.metadata.annotations?.[revisionAnnotation]
  return crd.metadata.labels?.[labels.managedBy] === managedByKnest && Number(made ?? 0) < revision
}

/** A definition of that name which somebody else made, and which knest neither changes nor removes. */
export async function crdProblems(api: KubeApi, signal: AbortSignal): Promise<readonly Problem[]> {
  return problemsOf(await api.get(crdKind, crdName, undefined, signal).catch(unlessForbidden))
}

function problemsOf(crd: KubeObject | undefined): readonly Problem[] {
  if (crd === undefined || crd.metadata.labels?.[labels.managedBy] === managedByKnest) return []
  const label = `${labels.managedBy}=${managedByKnest}`
  return [
    {
      reason: 'CrdForeign',
      severity: 'error',
      message: `the host has CustomResourceDefinition "${crdName}" already, and knest did not make it`,
      hint: `if it is knest's, say so: ${kubectlCommand('label', '--overwrite', 'crd', crdName, label)}; if nobody needs it, remove it`,
    },
  ]
}

/**
 * `ensureCrd`, also for who may not touch the CRD of the host: it is enough that somebody has put it there. Throws
 * `not-permitted` when nobody has.
 */
export async function ensureServed(
  api: KubeApi,
  { namespace }: ClusterRef,
  signal: AbortSignal,
): Promise<void> {
  try {
    await ensureCrd(api, signal)
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
    if (await isServed(api, namespace, signal)) return
    throw new KnestError('not-permitted', notServed, { hint: serveHint(), cause: error })
  }
}

/** What keeps a user from making the first cluster of a host. */
export async function servedProblems(
  api: KubeApi,
  { namespace }: ClusterRef,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (await isServed(api, namespace, signal)) return []
  const access = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' }
  const verbs = ['get', 'create', 'patch'] as const
  const answers = await Promise.all(verbs.map((verb) => api.canI({ ...access, verb }, signal)))
  return answers.includes(false)
    ? [{ reason: 'CrdMissing', severity: 'error', message: notServed, hint: serveHint() }]
    : []
}

const notServed = `the host has no resource definition "${crdName}", and you may not create it`

function serveHint(): string {
  return `have an admin of the host put it there: ${knestCommand('host', 'install', 'controller')}`
}

/** Who may not list clusters in that namespace is told so by others. */
async function isServed(api: KubeApi, namespace: string, signal: AbortSignal): Promise<boolean> {
  try {
    await api.list(nestedClusterKind, { namespace, limit: 1, signal })
    return true
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-found') return false
    if (error instanceof KnestError && error.code === 'not-permitted') return true
    throw error
  }
}

function isEstablished(crd: KubeObject): boolean {
  const status = crd.status as { conditions?: { type: string; status: string }[] } | undefined
  return (
    status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false
  )
}

/**
 * Removes the CRD that knest made once no cluster is left. Every `create` touches the CRD before it
 * makes its record, so the precondition on the version refuses a removal that would race with it.
 */
export async function removeCrdIfUnused(api: KubeApi, signal: AbortSignal): Promise<void> {
  const crd = await api.get(crdKind, crdName, undefined, signal).catch(unlessForbidden)
  if (crd?.metadata.labels?.[labels.managedBy] !== managedByKnest) return
  if (crd.metadata.annotations?.[keepAnnotation] !== undefined) return
  const { uid, resourceVersion } = crd.metadata
  if (uid === undefined || resourceVersion === undefined) return
  if ((await api.list(nestedClusterKind, { signal }).catch(noneWhenUnknown)).length > 0) return
  try {
    await api.delete(crdKind, crdName, undefined, { signal, preconditions: { uid, resourceVersion } })
  } catch (error) {
    if (error instanceof KnestError && (error.code === 'conflict' || error.code === 'not-permitted')) return
    throw error
  }
  await api.waitFor(crdKind, { fieldSelector: `metadata.name=${crdName}` }, (found) => found.length === 0, {
    timeoutMs: 30_000,
    signal,
    awaited: 'the NestedCluster resource definition to be gone',
    describe: () => 'still terminating',
  })
}

/** A CRD that is not served, or no more, has no objects. */
function noneWhenUnknown(error: unknown): readonly [] {
  if (error instanceof KnestError && error.code === 'not-found') return []
  throw error
}

/** Has the CRD stay as long as there is a controller: clusters may be declared when there is none yet. */
export function holdCrd(api: KubeApi, signal: AbortSignal): Promise<void> {
  return ensureCrd(api, signal, keptForController)
}

/** Takes back what `holdCrd` did; the CRD goes when no cluster needs it. */
export async function releaseCrd(api: KubeApi, signal: AbortSignal): Promise<void> {
  const crd = await api.get(crdKind, crdName, undefined, signal)
  if (crd?.metadata.annotations?.[keepAnnotation] !== keptForController) return
  const metadata = { annotations: { [keepAnnotation]: null } }
  await api.patch(crdKind, crdName, undefined, { metadata }, { signal })
  await removeCrdIfUnused(api, signal)
}

/** The CRD as a host of knest's own has it. */
export function keptCrd(): KubeObject {
  const crd = nestedClusterCrd()
  return {
    ...crd,
    metadata: {
      ...crd.metadata,
      annotations: { [keepAnnotation]: 'true', [revisionAnnotation]: String(revision) },
    },
  }
}
