import type { ClusterLock } from '../contracts/cluster-home.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject, OwnerReference } from '../contracts/kubernetes.js'
import { BusyError, KnestError } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { objectNames } from '../names.js'
import { anySignal, guardWrites, openDeadline, pause, seconds } from '../signals.js'
import { isDead, ownIdentity } from './holder.js'
import { LeaseWatch, type LeaseSpec } from './lease-watch.js'
import { ownedBy } from './record.js'

const leaseKind: KindRef = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
const durationSeconds = 15
const renewMs = 5_000
const retryMs = 1_000
/** A timer that is later is one of a process that was stopped. */
const lateMs = 1_000
/** How long it is tried to let a Lease go; whoever waits for it sees its end later then. */
const releaseMs = 5_000
/** Who has not renewed it for so long holds it no longer: well before anybody else may take it. */
const renewDeadlineMs = 10_000
const attemptMs = renewDeadlineMs - renewMs

export interface LockTarget {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** With which a Lease goes that nobody could let go. */
  readonly owner?: OwnerReference
  /** What its holder may do alone, as in `cluster "demo"`; for messages. */
  readonly subject: string
  /** Is given up as soon as somebody waits for it who does not make way. */
  readonly preemptible?: boolean
}

/**
 * On a Lease: who waits for a holder that makes way. Whoever takes the Lease takes it off; who makes way himself does
 * so only when it has not been taken within a Lease's time.
 */
const wantedAnnotation = 'knest.dev/wanted-by'

export function clusterLock({ name, namespace, uid }: ClusterRef & { readonly uid?: string }): LockTarget {
  return {
    ...(uid !== undefined && { owner: ownedBy(name, uid) }),
    name: objectNames.lease(name),
    namespace,
    labels: { [labels.cluster]: name, [labels.managedBy]: managedByKnest },
    subject: `cluster "${name}"`,
  }
}

/**
 * Takes the Lease, waiting for its holder; gives up when `signal` says so. Held until released or lost. A holder is
 * gone when its Lease stays as it is for its duration while this process looks: clocks of others are not believed.
 * `watch` remembers what was seen by earlier attempts of this process.
 */
export async function acquireLock(
  api: KubeApi,
  target: LockTarget,
  signal: AbortSignal,
  onWait: (holder: string) => void,
  watch = new LeaseWatch(),
): Promise<ClusterLock> {
  const identity = ownIdentity()
  let told = ''
  for (;;) {
    signal.throwIfAborted()
    const began = performance.now()
    const held = await tryTake(api, target, identity, watch, signal).catch((error: unknown) => {
      // The host may have it done all the same.
      watch.leftBehind.add(identity)
      throw error
    })
    if (held === undefined) return keep(api, target, identity, began, watch)
    if (held !== told) onWait((told = held))
    signal.throwIfAborted()
    // A Lease that runs out sends no event: looking again is the only way to notice.
    await pause(1000, signal)
  }
}

/** Undefined when the lease is ours, else its holder. */
async function tryTake(
  api: KubeApi,
  target: LockTarget,
  identity: string,
  watch: LeaseWatch,
  signal: AbortSignal,
): Promise<string | undefined> {
  const current = await api.get(leaseKind, target.name, target.namespace, signal)
  try {
    if (current === undefined) {
      await api.create(leaseObject(target, identity), { signal })
      return undefined
    }
    const spec = (current.spec ?? {}) as LeaseSpec
    const { holderIdentity: holder } = spec
    if (holder === identity) return undefined
    const { [wantedAnnotation]: wantedBy, ...annotations } = current.metadata.annotations ?? {}
    const withAnnotations = (changed: Readonly<Record<string, string>>): KubeObject => ({
      ...current,
      metadata: { ...current.metadata, annotations: changed },
    })
    const isAbandoned = watch.isAbandoned(target, spec, durationSeconds)
    if (target.preemptible === true && wantedBy !== undefined && !isAbandoned) return wantedBy
    if (holder != null && holder !== '' && !isAbandoned && !isDead(holder) && !watch.leftBehind.has(holder)) {
      if (target.preemptible !== true && wantedBy === undefined)
        await api
          .replace(withAnnotations({ ...annotations, [wantedAnnotation]: identity }), { signal })
          .catch(unlessConflict)
      return holder
    }
    await api.replace({ ...withAnnotations(annotations), spec: leaseSpec(identity) }, { signal })
    return undefined
  } catch (error) {
    // Nothing can be made in a namespace that is being deleted or gone, so nobody else gets it either.
    if (error instanceof KnestError && error.message.includes('being terminated')) return undefined
    // One that is gone since it was read was let go.
    if (error instanceof KnestError && error.code === 'not-found')
      return current === undefined ? undefined : 'somebody else'
    // Somebody was faster: look again who it is.
    if (error instanceof KnestError && (error.code === 'conflict' || error.code === 'already-exists'))
      return 'somebody else'
    throw error
  }
}

/** Its holder renewed it just then: the next look tries again. */
function unlessConflict(error: unknown): void {
  if (!(error instanceof KnestError) || error.code !== 'conflict') throw error
}

/** Renews the Lease. Whoever writes under the lock's signal after a long silence waits until it is known to be held. */
function keep(
  api: KubeApi,
  target: LockTarget,
  identity: string,
  taken: number,
  watch: LeaseWatch,
): ClusterLock {
  const lost = new AbortController()
  const { name, namespace, subject, preemptible } = target
  let renewed = { at: taken, date: Date.now() }
  let renewing: Promise<boolean> | undefined
  let timer: NodeJS.Timeout
  // While a process is stopped it tries nothing: the time it has for renewing begins when it goes on.
  let tryingSince = taken
  let due = Infinity
  const renewOnce = async (bounded: AbortSignal): Promise<boolean> => {
    const began = { at: performance.now(), date: Date.now() }
    const current = await api
      .get(leaseKind, name, namespace, bounded)
      .catch((error: unknown) => goneWithNamespace(error, api, namespace, bounded))
    const holder = (current?.spec as LeaseSpec | undefined)?.holderIdentity
    // Whoever took it in the meantime has worked to the end, and has let it go.
    if (current === undefined && isSilent() && !(await isEnding(api, namespace, bounded)))
      throw takenOver(subject)
    // Else gone with the namespace of a cluster that is being deleted: nobody else has it.
    if (current !== undefined) {
      if (holder !== identity) throw takenOver(subject)
      const wantedBy = current.metadata.annotations?.[wantedAnnotation]
      if (preemptible === true && wantedBy !== undefined)
        throw new BusyError(`${wantedBy} wants to work on ${subject}`)
      const { renewTime } = leaseSpec(identity)
      await api.replace({ ...current, spec: { ...current.spec, renewTime } }, { signal: bounded })
    }
    renewed = began
    tryingSince = began.at
    return true
  }
  const renew = (): Promise<boolean> => {
    const began = performance.now()
    if (began - due > lateMs) tryingSince = began
    due = Infinity
    const limit = openDeadline(lost.signal, attemptMs, () => notRenewed(subject))
    return renewOnce(limit.signal)
      .catch((error: unknown) => {
        const now = performance.now()
        if (now - began > attemptMs + lateMs) tryingSince = now
        if (error instanceof BusyError) lost.abort(error)
        else if (now - tryingSince > renewDeadlineMs)
          lost.abort(limit.signal.aborted ? notRenewed(subject) : notRenewed(subject, error))
        return false
      })
      .finally(() => {
        limit.clear()
        renewing = undefined
      })
  }
  const goOn = (isHeld: boolean): void => {
    if (lost.signal.aborted || isReleased) return
    const waitMs = isHeld ? renewMs : retryMs
    due = performance.now() + waitMs
    timer = setTimeout(() => void (renewing ??= renew()).then(goOn), waitMs)
    timer.unref()
  }
  let isReleased = false
  goOn(true)
  // Timers of a process that was stopped, or of a machine that slept, may come after what it had to write.
  const isSilent = (): boolean =>
    Math.max(performance.now() - renewed.at, Date.now() - renewed.date) > renewDeadlineMs
  const signal = guardWrites(anySignal(lost.signal), async () => {
    while (!isReleased && !lost.signal.aborted && isSilent()) {
      if (!(await (renewing ??= renew()))) await pause(retryMs, lost.signal)
    }
  })
  const letGo = async (bounded: AbortSignal): Promise<void> => {
    const current = await api.get(leaseKind, name, namespace, bounded)
    if (current === undefined || (current.spec as LeaseSpec).holderIdentity !== identity) return
    const { resourceVersion } = current.metadata
    // Somebody waits for it who shall be the next.
    const left = { ...current, spec: { ...leaseSpec(identity), holderIdentity: undefined } }
    await (preemptible === true && current.metadata.annotations?.[wantedAnnotation] !== undefined
      ? api.replace(left, { signal: bounded })
      : // A request to a host that is stopped is carried out when it goes on, and must not meet the next one's.
        api.delete(leaseKind, name, namespace, {
          signal: bounded,
          ...(resourceVersion !== undefined && { preconditions: { resourceVersion } }),
        }))
  }
  return {
    signal,
    // One that cannot be let go runs out; where the cluster is gone it would stay for ever.
    release: async () => {
      isReleased = true
      watch.leftBehind.add(identity)
      clearTimeout(timer)
      const limit = openDeadline(new AbortController().signal, releaseMs, () => notRenewed(subject))
      while (!limit.signal.aborted) {
        try {
          await letGo(limit.signal)
          watch.leftBehind.delete(identity)
          break
        } catch (error) {
          // It goes with the cluster, whose end took the right to it.
          if (error instanceof KnestError && error.code === 'not-permitted') break
          await pause(retryMs / 2, limit.signal).catch(() => undefined)
        }
      }
      limit.clear()
    },
  }
}

/** Who may no more read it for the end of its namespace, where nobody can take it. */
async function goneWithNamespace(
  error: unknown,
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<undefined> {
  if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
  if (!(await isEnding(api, namespace, signal))) throw error
}

/** Nobody can take a lock where nothing can be made. Throws where the namespace may not be seen. */
async function isEnding(api: KubeApi, namespace: string, signal: AbortSignal): Promise<boolean> {
  const kind: KindRef = { apiVersion: 'v1', kind: 'Namespace' }
  const place = await api.get(kind, namespace, undefined, signal)
  return place === undefined || place.metadata.deletionTimestamp !== undefined
}

function takenOver(subject: string): BusyError {
  return new BusyError(`somebody else took over ${subject}`, {
    hint: 'run the command again when the other one has ended',
  })
}

function notRenewed(subject: string, cause?: unknown): KnestError {
  const said = cause instanceof Error ? `: ${cause.message}` : ''
  return new KnestError(
    'host-unreachable',
    `the lock of ${subject} could not be renewed for ${seconds(renewDeadlineMs)}${said}`,
    { cause, hint: 'run the same command again to go on' },
  )
}

function leaseSpec(identity: string): LeaseSpec & { readonly acquireTime: string } {
  // Lease times are MicroTime: six digits.
  const now = new Date().toISOString().replace('Z', '000Z')
  return { holderIdentity: identity, leaseDurationSeconds: durationSeconds, acquireTime: now, renewTime: now }
}

export function leaseObject({ name, namespace, labels, owner }: LockTarget, identity: string): KubeObject {
  return {
    ...leaseKind,
    metadata: { name, namespace, labels, ...(owner !== undefined && { ownerReferences: [owner] }) },
    spec: leaseSpec(identity),
  }
}
