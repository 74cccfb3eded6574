import type { ClusterLock } from '../contracts/cluster-home.js'
import type { ClusterRef, ClusterRecord } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { BusyError, KnestError, type ErrorCode } from '../errors.js'
import { timeoutFactorOf } from '../observe/backends.js'
import { anySignal, endedBy, openDeadline, seconds } from '../signals.js'
import { noOutages, overOutages } from './over-outages.js'

/**
 * Runs `work` as the only actor on the cluster, within the time the caller allows, which began at `begunAt` (of
 * `performance.now()`). Its `run` ends with the caller's, with that time, and with the loss of the lock. A lock that
 * could not be renewed is taken again, and `work` runs again, as it does after an outage of the host: what it needs to
 * know it reads by itself. Throws `timeout`, `conflict` when somebody else has taken over, or under `onlyIfFree`.
 */
export type Exclusive = <T>(
  read: (signal: AbortSignal) => Promise<ClusterRecord>,
  ref: ClusterRef,
  asked: RunOptions,
  work: (run: RunOptions) => Promise<T>,
  begunAt?: number,
) => Promise<T>

export function createExclusive(parts: Parts): Exclusive {
  return async (read, ref, asked, work, begunAt = performance.now()) => {
    let { timeoutMs } = asked
    const openLimit = (): ReturnType<typeof openDeadline> =>
      openDeadline(asked.signal, Math.max(0, begunAt + timeoutMs - performance.now()), limitReached)
    let deadline = openLimit()
    const busy = new AbortController()
    const seen = noOutages()
    let waitedFor: string | undefined
    const take = (
      record: ClusterRecord,
      { signal, progress, onlyIfFree }: RunOptions,
    ): Promise<ClusterLock> =>
      parts.home.lock(
        record,
        anySignal(signal, busy.signal),
        (holder) => {
          waitedFor = holder
          if (onlyIfFree === true) busy.abort(isBusy(record, holder))
          else progress.note(`waiting for ${holder} to finish with cluster "${record.name}"`)
        },
        { preemptible: onlyIfFree === true },
      )
    try {
      const { signal } = deadline
      const record = await overOutages({ ...asked, signal }, () => read(signal), { seen })
      const factor = asked.isDefaultTimeout === true ? await timeoutFactorOf(parts, record) : 1
      if (factor !== 1) {
        deadline.clear()
        timeoutMs *= factor
        deadline = openLimit()
      }
      const bounded: RunOptions = { ...asked, timeoutMs, signal: deadline.signal }
      for (;;) {
        const lock = await overOutages(bounded, () => take(record, bounded), { seen })
        waitedFor = undefined
        try {
          const run = { ...bounded, signal: anySignal(bounded.signal, lock.signal) }
          return await overOutages(run, () => work(run), { seen })
        } catch (error) {
          if (!isLostToNobody(lock, error) || bounded.signal.aborted || asked.onlyIfFree === true) throw error
          seen.lastAt = performance.now()
          const { message } = endedBy(lock.signal)
          bounded.progress.note(`${message}: taking it again, and beginning anew with what is there then`)
        } finally {
          await lock.release()
        }
      }
    } catch (error) {
      // The caller's own limit is the same one, begun a little earlier.
      if (deadline.signal.aborted && endedBy(deadline.signal).code === 'timeout') {
        // That the limit was reached is not what was seen last.
        const said =
          error instanceof KnestError && error !== deadline.signal.reason ? error.message : undefined
        const waiting = waitedFor === undefined ? undefined : `${waitedFor} works on it`
        throw timedOut(ref, timeoutMs, waiting ?? said, error)
      }
      throw error
    } finally {
      deadline.clear()
    }
  }
}

const endedCodes: ReadonlySet<ErrorCode> = new Set(['host-unreachable', 'timeout', 'cancelled'])

/** Whether work ended because the lock could not be renewed, and not because somebody else has it. */
function isLostToNobody(lock: ClusterLock, error: unknown): boolean {
  if (!lock.signal.aborted || lock.signal.reason instanceof BusyError) return false
  return error instanceof KnestError && endedCodes.has(error.code)
}

function limitReached(): KnestError {
  return new KnestError('timeout', 'the time limit is over')
}

function isBusy({ name }: ClusterRef, holder: string): KnestError {
  return new BusyError(`${holder} works on cluster "${name}"`, {
    hint: 'try again when it has finished',
  })
}

function timedOut(
  { name }: ClusterRef,
  timeoutMs: number,
  lastSeen: string | undefined,
  cause: unknown,
): KnestError {
  const seen = lastSeen === undefined ? '' : `; last seen: ${lastSeen}`
  return new KnestError(
    'timeout',
    `the operation on cluster "${name}" took longer than ${seconds(timeoutMs)}${seen}`,
    {
      hint: 'run the same command again to go on, with a longer --timeout if the machine is slow',
      cause,
    },
  )
}
