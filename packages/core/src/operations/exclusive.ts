import type { ClusterRef, ClusterRecord } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { BusyError, KnestError } from '../errors.js'
import { timeoutFactorOf } from '../observe/backends.js'
import { anySignal, endedBy, openDeadline, seconds } from '../signals.js'

/**
 * Runs `work` as the only actor on the cluster, within the time the caller allows. Its `run` ends with the
 * caller's, with that time, and with the loss of the lock. Throws `timeout`, or `conflict` under `onlyIfFree`.
 */
export type Exclusive = <T>(
  record: ClusterRecord,
  asked: RunOptions,
  work: (run: RunOptions) => Promise<T>,
) => Promise<T>

export function createExclusive(parts: Parts): Exclusive {
  return async (record, asked, work) => {
    const factor = asked.isDefaultTimeout === true ? await timeoutFactorOf(parts, record) : 1
    const run = { ...asked, timeoutMs: asked.timeoutMs * factor }
    const deadline = openDeadline(run.signal, run.timeoutMs, limitReached)
    const busy = new AbortController()
    const bounded = { ...run, signal: deadline.signal }
    let waitedFor: string | undefined
    try {
      const onWait = (holder: string): void => {
        waitedFor = holder
        if (run.onlyIfFree === true) busy.abort(isBusy(record, holder))
        else run.progress.note(`waiting for ${holder} to finish with cluster "${record.name}"`)
      }
      const patience = anySignal(bounded.signal, busy.signal)
      const lock = await parts.home.lock(record, patience, onWait, { preemptible: run.onlyIfFree === true })
      waitedFor = undefined
      try {
        return await work({ ...bounded, signal: anySignal(bounded.signal, lock.signal) })
      } finally {
        await lock.release()
      }
    } catch (error) {
      // The caller's own limit is the same one, begun a little earlier.
      if (deadline.signal.aborted && endedBy(deadline.signal).code === 'timeout') {
        // That the limit was reached is not what was seen last.
        const said =
          error instanceof KnestError && error !== deadline.signal.reason ? error.message : undefined
        const waiting = waitedFor === undefined ? undefined : `${waitedFor} works on it`
        throw timedOut(record, run, waiting ?? said, error)
      }
      throw error
    } finally {
      deadline.clear()
    }
  }
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
  run: RunOptions,
  lastSeen: string | undefined,
  cause: unknown,
): KnestError {
  const seen = lastSeen === undefined ? '' : `; last seen: ${lastSeen}`
  return new KnestError(
    'timeout',
    `the operation on cluster "${name}" took longer than ${seconds(run.timeoutMs)}${seen}`,
    {
      hint: 'run the same command again to go on, with a longer --timeout if the machine is slow',
      cause,
    },
  )
}
