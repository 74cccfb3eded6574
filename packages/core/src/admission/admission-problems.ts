import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { Problem } from '../errors.js'
import { anySignal } from '../signals.js'
import { merged, type Finding } from './findings.js'
import { hostGrows } from './host-grows.js'
import { limitRangeProblems, withDefaults } from './limit-range.js'
import { roomProblems } from './node-room.js'
import { shapeOf, withMade } from './objects.js'
import { podSpecOf } from './pod-needs.js'
import { quotaProblems } from './quota.js'
import { isOfRights, refusalProblem, type Known } from './refusal.js'
import { isTame, tame } from './tame.js'

const v1 = (kind: string): KindRef => ({ apiVersion: 'v1', kind })
/** Who has so many pods that they take longer is told nothing of free room. */
const patienceMs = 700

export interface Admission {
  readonly problems: readonly Problem[]
  /** What is there under the name of an object that was to be made, or that a StatefulSet would make. */
  readonly there: ReadonlyMap<KubeObject, KubeObject>
}

/**
 * What the host would say to these objects, were they made now: by a dry run of each kind of them, by quotas and limit
 * ranges of the namespace, by the room on its nodes. What is there already is not tried, nor counted; what may not be
 * read is no problem. Changes nothing.
 */
export async function admissionProblems(
  api: KubeApi,
  ref: ClusterRef,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<Admission> {
  const { namespace } = ref
  const made = withMade(objects)
  const [place, ranges, quotas, room, there] = await Promise.all([
    // Who may not look at it has it all tried there.
    api
      .get(v1('Namespace'), namespace, undefined, signal)
      .then((found) => found ?? 'absent')
      .catch(unlessUnread),
    readable(api, v1('LimitRange'), namespace, signal),
    readable(api, v1('ResourceQuota'), namespace, signal),
    readRoom(api, signal),
    objectsThere(api, made, signal),
  ])
  const all = made.filter((object) => !there.has(object))
  const known: Known = {
    limitRanges: ranges !== undefined,
    quotas: quotas !== undefined,
    podSecurity:
      place === 'absent' ? undefined : place?.metadata.labels?.['pod-security.kubernetes.io/enforce'],
  }
  // Nothing can be tried in a namespace that is not there, and one that is there is not made.
  const tried = all.filter(({ kind }) => (kind === 'Namespace') === (place === 'absent'))
  const [answers, elsewhere] = await Promise.all([
    Promise.all(ofEachShape(tried).map((object) => dryRun(api, ref, object, known, signal))),
    place === 'absent' ? triedElsewhere(api, ref, all, signal) : { problems: [], stored: [] },
  ])
  const stored = new Map(
    [...elsewhere.stored, ...answers].flatMap(({ object, stored: as }) =>
      as === undefined ? [] : [[shapeOf(object), as]],
    ),
  )
  const asStored = all.map((object) => like(stored.get(shapeOf(object)), object, ranges ?? []))
  const pods = asStored.filter(({ kind }) => kind === 'Pod')
  const refused = new Set(
    answers.flatMap(({ object, problem }) => (problem === undefined ? [] : [shapeOf(object)])),
  )
  const isTried = (pod: KubeObject): boolean => stored.has(shapeOf(pod)) || refused.has(shapeOf(pod))
  const problems = [
    ...elsewhere.problems,
    ...merged([
      ...answers.flatMap(({ problem }) => problem ?? []),
      ...limitRangeProblems(ranges ?? [], ofEachShape(all)),
    ]),
    ...quotaProblems(
      quotas ?? [],
      asStored.filter(({ kind }) => kind !== 'Namespace'),
    ),
    ...strangers(ref, ofEachShape(all), stored),
    ...(room === undefined ? [] : roomProblems({ ...room, isCertain: pods.every(isTried) }, pods)),
  ]
  return { problems, there }
}

interface Answer {
  readonly object: KubeObject
  readonly stored?: KubeObject
  readonly problem?: Finding | undefined
}

async function dryRun(
  api: KubeApi,
  ref: ClusterRef,
  object: KubeObject,
  known: Known,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    return { object, stored: await api.create(object, { signal, dryRun: true }) }
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    signal.throwIfAborted()
    const isAnswer = ['not-permitted', 'config'].includes(error.code) || error.message.includes('webhook')
    if (!isAnswer) return { object }
    const said = error.message
      .replace(`${api.description}: `, '')
      .replace(/^the API server answered \d+: /, '')
    const problem = refusalProblem(ref, object, said, known)
    // What is refused for a reason that is told otherwise may be refused for another one behind that.
    const isHidden = problem === undefined && object.kind === 'Pod' && !isTame(object) && !isOfRights(said)
    if (!isHidden) return { object, problem }
    const behind = await dryRun(api, ref, tame(object), known, signal)
    return { object, problem: behind.problem }
  }
}

/** Those of which there is one already, and that one: quotas have counted them. */
async function objectsThere(
  api: KubeApi,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<ReadonlyMap<KubeObject, KubeObject>> {
  const found = await Promise.all(
    objects.map(async (object) => {
      const { name, namespace } = object.metadata
      return [object, await api.get(object, name, namespace, signal).catch(unlessUnread)] as const
    }),
  )
  return new Map(found.flatMap(([object, there]) => (there === undefined ? [] : [[object, there] as const])))
}

/** Policies of the whole host show themselves in another namespace; those of that one only do not matter. */
async function triedElsewhere(
  api: KubeApi,
  ref: ClusterRef,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<{ readonly problems: readonly Problem[]; readonly stored: readonly Answer[] }> {
  const pods = ofEachShape(objects.filter(({ kind }) => kind === 'Pod'))
  const namespace = 'default'
  const known = { limitRanges: true, quotas: true, podSecurity: 'baseline' }
  const answers = await Promise.all(
    pods.map((pod) =>
      dryRun(api, { ...ref, namespace }, { ...pod, metadata: { ...pod.metadata, namespace } }, known, signal),
    ),
  )
  const problem = answers.map((answer) => answer.problem).find((found) => found !== undefined)
  const stored = answers.filter((answer) => answer.stored !== undefined)
  if (problem === undefined) return { problems: [], stored }
  const problems: readonly Problem[] = [
    {
      severity: 'warning',
      message: `${problem.message}; "${ref.namespace}", which is not there yet, may not either`,
      hint: `allow them for "${ref.namespace}" in that policy if the nodes do not start`,
    },
  ]
  return { problems, stored }
}

/** The first of those that differ in their names only. */
function ofEachShape(objects: readonly KubeObject[]): readonly KubeObject[] {
  const shapes = new Map<string, KubeObject>()
  for (const object of objects) if (!shapes.has(shapeOf(object))) shapes.set(shapeOf(object), object)
  return [...shapes.values()]
}

/** As the host would store it, webhooks and defaults of the namespace included. */
function like(stored: KubeObject | undefined, object: KubeObject, ranges: readonly KubeObject[]): KubeObject {
  if (object.kind !== 'Pod')
    return stored?.kind === 'PersistentVolumeClaim' ? { ...object, spec: stored.spec as object } : object
  return stored === undefined ? withDefaults(object, ranges) : { ...object, spec: stored.spec as object }
}

/** Containers that the host would add to the nodes' pods. */
function strangers(
  { namespace }: ClusterRef,
  objects: readonly KubeObject[],
  stored: ReadonlyMap<string, KubeObject>,
): readonly Problem[] {
  const added = objects.flatMap((object) => {
    const as = stored.get(shapeOf(object))
    if (object.kind !== 'Pod' || as === undefined) return []
    const own = namesIn(object)
    return namesIn(as).filter((name) => !own.includes(name))
  })
  const names = [...new Set(added)]
  if (names.length === 0) return []
  return [
    {
      severity: 'warning',
      message: `an admission webhook of the host adds ${names.map((name) => `container "${name}"`).join(', ')} to the pods of nodes: while such a container is not ready, the host counts the pod as not ready`,
      hint: `have the webhook leave namespace "${namespace}" alone, or choose another with -n`,
    },
  ]
}

function namesIn(pod: KubeObject): readonly string[] {
  const { containers = [], initContainers = [] } = podSpecOf(pod)
  return [...containers, ...initContainers].map(({ name }) => name)
}

/** Undefined when they may not be read. */
async function readable(
  api: KubeApi,
  kind: KindRef,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly KubeObject[] | undefined> {
  return api.list(kind, { namespace, signal }).catch(unlessUnread)
}

async function readRoom(
  api: KubeApi,
  signal: AbortSignal,
): Promise<Parameters<typeof roomProblems>[0] | undefined> {
  const bounded = anySignal(signal, AbortSignal.timeout(patienceMs))
  const running = { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed', signal: bounded }
  const [nodes, pods, grows] = await Promise.all([
    readable(api, v1('Node'), undefined, signal),
    api.list(v1('Pod'), running).catch(() => undefined),
    hostGrows(api, bounded),
  ])
  signal.throwIfAborted()
  if (nodes === undefined) return undefined
  return { nodes, pods, grows: grows || nodes.some(isOfCloud) }
}

/** A node that a cloud or Cluster API made, which may make another. */
function isOfCloud({ spec, metadata }: KubeObject): boolean {
  const { providerID = '' } = (spec ?? {}) as { readonly providerID?: string }
  const isMachine = metadata.annotations?.['cluster.x-k8s.io/machine'] !== undefined
  return isMachine || (providerID !== '' && !/^(kind|k3s|minikube|rke2):/.test(providerID))
}

/** Preflight goes on without what it cannot read: the dry run, or the work itself, tells then. */
function unlessUnread(error: unknown): undefined {
  if (error instanceof KnestError && error.code !== 'cancelled') return undefined
  throw error
}
