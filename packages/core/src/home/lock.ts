import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ClusterLock } from '../contracts/cluster-home.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { BusyError, KnestError } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { objectNames } from '../names.js'
import { pause } from '../signals.js'

const leaseKind: KindRef = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
const durationSeconds = 15
const renewMs = 5_000

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly renewTime?: string | null
  readonly leaseDurationSeconds?: number | null
}

/** Who holds a lock: enough to tell, on the same machine, whether the process still lives. */
function ownIdentity(): string {
  return `${hostname()}/${bootId()}/${process.pid}/${randomUUID().slice(0, 8)}`
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
  } catch {
    return 'unknown'
  }
}

/** A killed command must not make the next one wait until its lease has run out. */
function holderIsDead(holder: string): boolean {
  const [host, boot, pid] = holder.split('/')
  if (host !== hostname() || boot !== bootId() || boot === 'unknown' || pid === undefined) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function expired(spec: LeaseSpec): boolean {
  if (spec.holderIdentity == null || spec.holderIdentity === '') return true
  return !isRecent(spec) || holderIsDead(spec.holderIdentity)
}

function isRecent({ renewTime, leaseDurationSeconds }: LeaseSpec): boolean {
  if (renewTime == null) return false
  return Date.now() <= Date.parse(renewTime) + (leaseDurationSeconds ?? durationSeconds) * 1000
}

export interface LockTarget {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
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

export function clusterLock({ name, namespace }: ClusterRef): LockTarget {
  return {
    name: objectNames.lease(name),
    namespace,
    labels: { [labels.cluster]: name, [labels.managedBy]: managedByKnest },
    subject: `cluster "${name}"`,
  }
}

/** Takes the Lease, waiting for its holder; gives up when `signal` says so. Held until released or lost. */
export async function acquireLock(
  api: KubeApi,
  target: LockTarget,
  signal: AbortSignal,
  onWait: (holder: string) => void,
): Promise<ClusterLock> {
  const identity = ownIdentity()
  let told = ''
  for (;;) {
    signal.throwIfAborted()
    const held = await tryTake(api, target, identity, signal)
    if (held === undefined) return keep(api, target, identity)
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
  signal: AbortSignal,
): Promise<string | undefined> {
  const current = await api.get(leaseKind, target.name, target.namespace, signal)
  try {
    if (current === undefined) {
      await api.create(leaseObject(target, identity), { signal })
      return undefined
    }
    const spec = (current.spec ?? {}) as LeaseSpec
    if (spec.holderIdentity === identity) return undefined
    const { [wantedAnnotation]: wantedBy, ...annotations } = current.metadata.annotations ?? {}
    const withAnnotations = (changed: Readonly<Record<string, string>>): KubeObject => ({
      ...current,
      metadata: { ...current.metadata, annotations: changed },
    })
    if (target.preemptible === true && wantedBy !== undefined && isRecent(spec)) return wantedBy
    if (!expired(spec)) {
      if (target.preemptible !== true && wantedBy === undefined)
        await api
          .replace(withAnnotations({ ...annotations, [wantedAnnotation]: identity }), { signal })
          .catch(unlessConflict)
      return spec.holderIdentity ?? 'somebody'
    }
    await api.replace({ ...withAnnotations(annotations), spec: leaseSpec(identity) }, { signal })
    return undefined
  } catch (error) {
    // Nothing can be made in a namespace that is being deleted, so nobody else gets it either.
    if (error instanceof KnestError && error.message.includes('being terminated')) return undefined
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

function keep(api: KubeApi, target: LockTarget, identity: string): ClusterLock {
  const lost = new AbortController()
  const { name, namespace, subject, preemptible } = target
  let lastRenewed = Date.now()
  const renew = async (): Promise<void> => {
    try {
      const current = await api.get(leaseKind, name, namespace, lost.signal)
      const holder = (current?.spec as LeaseSpec | undefined)?.holderIdentity
      // Gone with the namespace of a cluster that is being deleted: nobody else has it.
      if (current === undefined) return
      if (holder !== identity) {
        lost.abort(
          new BusyError(`somebody else took over ${subject}`, {
            hint: 'run the command again when the other one has ended',
          }),
        )
        return
      }
      const wantedBy = current.metadata.annotations?.[wantedAnnotation]
      if (preemptible === true && wantedBy !== undefined) {
        lost.abort(new BusyError(`${wantedBy} wants to work on ${subject}`))
        return
      }
      const { renewTime } = leaseSpec(identity)
      await api.replace({ ...current, spec: { ...current.spec, renewTime } }, { signal: lost.signal })
      lastRenewed = Date.now()
    } catch (error) {
      if (Date.now() - lastRenewed > durationSeconds * 1000) lost.abort(error)
    }
  }
  const timer = setInterval(() => void renew(), renewMs)
  timer.unref()
  return {
    signal: lost.signal,
    release: async () => {
      clearInterval(timer)
      const signal = AbortSignal.timeout(5_000)
      const current = await api.get(leaseKind, name, namespace, signal).catch(() => undefined)
      if (current === undefined || (current.spec as LeaseSpec).holderIdentity !== identity) return
      // Somebody waits for it who shall be the next.
      const left = { ...current, spec: { ...leaseSpec(identity), holderIdentity: undefined } }
      await (
        preemptible === true && current.metadata.annotations?.[wantedAnnotation] !== undefined
          ? api.replace(left, { signal })
          : api.delete(leaseKind, name, namespace, { signal })
      ).catch(() => undefined)
    },
  }
}

function leaseSpec(identity: string): LeaseSpec & { readonly acquireTime: string } {
  // Lease times are MicroTime: six digits.
  const now = new Date().toISOString().replace('Z', '000Z')
  return { holderIdentity: identity, leaseDurationSeconds: durationSeconds, acquireTime: now, renewTime: now }
}

function leaseObject({ name, namespace, labels }: LockTarget, identity: string): KubeObject {
  return {
    ...leaseKind,
    metadata: { name, namespace, labels },
    spec: leaseSpec(identity),
  }
}
