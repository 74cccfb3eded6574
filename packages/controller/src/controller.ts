import {
  anySignal,
  acquireLock,
  KnestError,
  labels,
  managedByKnest,
  nestedClusterKind,
  silentProgress,
} from '@knest/core'
import type { ClusterRef, Clusters, KubeApi, KubeObject } from '@knest/core'
import { recordAction } from './events.js'
import { lookAfter } from './look-after.js'
import { createBalancers } from './load-balancers/balancers.js'
import type { OwnerCluster } from './load-balancers/objects.js'
import { createMetrics } from './metrics.js'
import { controllerName, controllerNamespace } from './names.js'
import { watchNodes } from './node-watch.js'
import type { NodeWatch } from './node-watch.js'
import { followOwners } from './owner-watch.js'
import { serve } from './serve.js'
import { wakeByNode } from './wake-by-node.js'
import { watchForever } from './watch-forever.js'
import { createWorkQueue } from './work-queue.js'
import type { WorkQueue } from './work-queue.js'

export interface ControllerOptions {
  readonly api: KubeApi
  readonly clusters: Clusters
  /** Of metrics and probes; 0: any free one. */
  readonly port: number
  /** Ends the controller; its Lease is given back. */
  readonly signal: AbortSignal
  /** One line, without its end. */
  readonly log: (line: string) => void
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** So many clusters are worked on side by side, besides those that only wait for something. */
const busyAtOnce = 8
/** Certificates are renewed a month before they end. */
const thoroughMs = 6 * 60 * 60_000
/** A command that has made a record has the lock of its cluster long before. */
const settledMs = 55_000

/**
 * Looks after all NestedClusters of the host until the signal ends it. One controller works, others wait for
 * its Lease. Rejects when the Lease is lost or a watch is refused: whoever runs it starts it again.
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const { api, log, signal } = options
  const metrics = createMetrics()
  const closed = new AbortController()
  const until = anySignal(signal, closed.signal)
  try {
    const port = await serve(options.port, metrics, until)
    log(`metrics and probes are on port ${port}`)
    const lease = await acquireLock(api, electionLock, until, (holder) => log(`waiting for ${holder}`))
    try {
      log('this controller leads')
      await lead(options, metrics, anySignal(until, lease.signal))
    } finally {
      await lease.release()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    closed.abort()
  }
}

const electionLock = {
  name: controllerName,
  namespace: controllerNamespace,
  labels: { [labels.managedBy]: managedByKnest },
  subject: 'all clusters of this host',
}

async function lead(
  { api, clusters, log, pause }: ControllerOptions,
  metrics: ReturnType<typeof createMetrics>,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, Known>()
  const gone = new Map<string, ClusterRef>()
  const ending = new Set<string>()
  const isOver = (): boolean => signal.aborted

  const work = async (key: string, turn: AbortSignal): Promise<void> => {
    const cluster = known.get(key)
    if (isOver()) return
    if (cluster === undefined) {
      await clearAway(key, turn)
      return
    }
    gone.delete(key)
    cluster.begunAs = cluster.asked
    // The host deletes all that is in it, and the cluster itself in a moment.
    if (ending.has(cluster.ref.namespace) && !cluster.asked.isDeleted) return
    const started = performance.now()
    const thorough = started - cluster.askedAt > thoroughMs
    const looked = await lookAfter(clusters, cluster.ref, {
      failures: cluster.failures,
      thorough,
      isSettled: started - cluster.since >= settledMs,
      progress: progressOf(cluster.ref, log),
      signal: turn,
      now: Date.now,
    })
    // One that it deleted is forgotten already.
    if (isOver() || known.get(key) !== cluster) return
    metrics.reconciled(key, looked.result, (performance.now() - started) / 1000, looked.report)
    cluster.failures = looked.result === 'failed' ? cluster.failures + 1 : 0
    if (thorough && looked.result === 'done') cluster.askedAt = started
    for (const action of looked.actions) {
      log(`${key}: ${action.reason}: ${action.message}`)
      await recordAction(
        api,
        { ...nestedClusterKind, ...cluster.ref, uid: cluster.uid },
        action,
        signal,
      ).catch((error: unknown) => log(`${key}: the Event was not recorded: ${String(error)}`))
    }
    queue.addAfter(key, looked.nextMs)
  }
  /** What the object of a cluster leaves that went before anybody had looked at it. */
  const clearAway = async (key: string, turn: AbortSignal): Promise<void> => {
    const ref = gone.get(key)
    gone.delete(key)
    if (ref === undefined || ending.has(ref.namespace)) return
    const progress = progressOf(ref, log)
    const { result } = await lookAfter(clusters, ref, {
      ...{ failures: 0, thorough: false, isSettled: false, progress, signal: turn, now: Date.now },
    })
    if (result === 'failed') log(`${key}: what its object left is not all gone`)
  }
  const queue = createWorkQueue({
    limit: busyAtOnce,
    signal,
    groupOf: (key) => known.get(key)?.ref.namespace ?? key,
    kindOf: (key) => (known.get(key)?.asked.isDeleted === true ? 'deletion' : 'look'),
    work,
  })
  metrics.observe(queue)
  const balancers = createBalancers({ api, log, pause, signal })
  const showOwners = followOwners(api, { wake: (key) => queue.add(key), pause, signal })

  const wake = (key: string): void => {
    queue.add(key)
    balancers.wake(key)
    known.get(key)?.watch.askAgain()
  }

  try {
    await Promise.all([
      watchForever(api, nestedClusterKind, {}, signal, (objects) => {
        follow(objects, known, queue, {
          came: (owner, key) => {
            const beside = (nested: KubeApi, until: AbortSignal): Promise<void> =>
              balancers.serve(owner, nested, until)
            return watchNodes(clusters, owner, () => queue.add(key), pause, beside)
          },
          went: (ref, key) => {
            metrics.forget(key)
            gone.set(key, ref)
            queue.add(key)
          },
        })
        showOwners(objects)
        balancers.show(objects)
      }),
      watchForever(api, { apiVersion: 'v1', kind: 'Namespace' }, {}, signal, (namespaces) =>
        followEnds(namespaces, ending, known, queue),
      ),
      watchForever(
        api,
        { apiVersion: 'v1', kind: 'Pod' },
        { labelSelector: labels.node },
        signal,
        wakeByNode({ add: wake }),
      ),
      balancers.watch(),
    ])
  } finally {
    for (const { watch } of known.values()) watch.close()
    await queue.stop()
  }
}

interface Known {
  readonly ref: ClusterRef
  readonly uid: string
  readonly watch: NodeWatch
  version: string
  asked: Asked
  /** What was asked for when what runs now began. */
  begunAs?: Asked
  /** Looks that failed, one after the other. */
  failures: number
  /** Since when this controller knows it. */
  readonly since: number
  /** When the nodes themselves were asked last. */
  askedAt: number
}

/** What a cluster's object asks for, as far as it ends what is being done. */
interface Asked {
  readonly generation: number | undefined
  readonly isDeleted: boolean
}

function askedBy({ metadata: { generation, deletionTimestamp } }: KubeObject): Asked {
  return { generation, isDeleted: deletionTimestamp !== undefined }
}

/** What was begun for something else than is asked for now need not be waited for. */
function endOutdated(key: string, { ref, asked, begunAs }: Known, queue: WorkQueue): void {
  if (begunAs === undefined || begunAs.isDeleted) return
  if (asked.isDeleted) queue.end(key, new KnestError('cancelled', `cluster "${ref.name}" is being deleted`))
  else if (asked.generation !== begunAs.generation) {
    const reason = new KnestError('cancelled', `cluster "${ref.name}" is to be something else now`)
    queue.end(key, reason, { whenWaiting: true })
  }
}

/** Ends what is done in namespaces that are being deleted; what was deleted there is cleaned up all the same. */
function followEnds(
  namespaces: readonly KubeObject[],
  ending: Set<string>,
  known: ReadonlyMap<string, Known>,
  queue: WorkQueue,
): void {
  const now = namespaces.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
  const names = new Set(now.map(({ metadata }) => metadata.name))
  for (const name of ending) if (!names.has(name)) ending.delete(name)
  for (const name of names) ending.add(name)
  for (const [key, { ref, begunAs }] of known) {
    if (begunAs?.isDeleted === true || !names.has(ref.namespace)) continue
    queue.end(key, new KnestError('cancelled', `namespace "${ref.namespace}" is being deleted`))
  }
}

function keyOf({ namespace, name }: ClusterRef): string {
  return `${namespace}/${name}`
}

/** Wakes clusters that came or changed, and forgets those that went. */
function follow(
  objects: readonly KubeObject[],
  known: Map<string, Known>,
  queue: WorkQueue,
  {
    came,
    went,
  }: { came: (owner: OwnerCluster, key: string) => NodeWatch; went: (ref: ClusterRef, key: string) => void },
): void {
  const uids = new Set(objects.map(({ metadata }) => metadata.uid))
  for (const [key, { ref, watch, uid }] of known) {
    if (uids.has(uid)) continue
    watch.close()
    known.delete(key)
    went(ref, key)
  }
  for (const object of objects) {
    const { metadata } = object
    const ref = { name: metadata.name, namespace: metadata.namespace ?? '' }
    const key = keyOf(ref)
    const { uid = '', resourceVersion: version = '' } = metadata
    const before = known.get(key)
    if (before?.version === version) continue
    const asked = askedBy(object)
    if (before === undefined) {
      const watch = came({ ...ref, uid }, key)
      const since = performance.now()
      known.set(key, { ref, uid, version, asked, watch, failures: 0, since, askedAt: -Infinity })
    } else {
      before.version = version
      before.asked = asked
      endOutdated(key, before, queue)
      before.watch.askAgain()
    }
    queue.add(key)
  }
}

/** The steps of a run, a line each. */
function progressOf(ref: ClusterRef, log: (line: string) => void): typeof silentProgress {
  return {
    ...silentProgress,
    phase: async (title, work) => {
      log(`${keyOf(ref)}: ${title}`)
      return work(silentProgress)
    },
    warn: (text) => log(`${keyOf(ref)}: warning: ${text}`),
  }
}
