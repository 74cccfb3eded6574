import { BusyError, knestCommand, KnestError, PreflightError } from '@knest/core'
import type { ClusterRef, Clusters, HealAction, HealReport, Progress } from '@knest/core'
import type { ReconcileResult } from './metrics.js'

/** One look at a cluster may make several nodes, one after another. */
const reconcileMs = 30 * 60_000
/** Somebody else works on it: their change wakes us, but not if they were killed. */
const busyMs = 5_000
/** Somebody binds it; the condition of the cluster says so meanwhile. */
const barredMs = 10_000
/** The host may fit later, or the API of a cluster answer again. */
const refusedMs = 60_000
const firstRetryMs = 5_000
const longestRetryMs = 300_000
/** Certificates end without an event. */
const quietMs = 300_000

export interface Looked {
  readonly result: ReconcileResult
  readonly report: HealReport | undefined
  /** What is said on the cluster. */
  readonly actions: readonly HealAction[]
  /** Milliseconds until the next look, if nothing happens before. */
  readonly nextMs: number
}

/** Looks at one cluster and does what is to be done. Never throws. `failures`: how many looks before failed. */
export async function lookAfter(
  clusters: Pick<Clusters, 'reconcile'>,
  ref: ClusterRef,
  { failures, thorough, isSettled, progress, signal, now }: LookOptions,
): Promise<Looked> {
  try {
    const run = {
      progress,
      signal,
      timeoutMs: reconcileMs,
      isDefaultTimeout: true,
      onlyIfFree: true,
      thorough,
      isSettled,
    }
    const report = await clusters.reconcile(ref, run)
    const due = report.nextAt === undefined ? quietMs : Math.max(report.nextAt - now(), 1_000)
    if (report.failure !== undefined) {
      const looked = failed(report.failure, failures)
      const nextMs = Math.min(looked.nextMs, due)
      return { ...looked, report, actions: [...report.actions, ...looked.actions], nextMs }
    }
    return { result: 'done', report, actions: report.actions, nextMs: Math.min(due, quietMs) }
  } catch (error) {
    // Whoever ended it has a reason to look again, and whatever failed did so for that.
    if (signal.aborted) return { result: 'interrupted', report: undefined, actions: [], nextMs: 0 }
    return failed(error, failures)
  }
}

export interface LookOptions {
  readonly failures: number
  /** See HealRun. */
  readonly thorough: boolean
  /** See HealRun. */
  readonly isSettled: boolean
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly now: () => number
}

function failed(error: unknown, failures: number): Looked {
  const common = { report: undefined, actions: [] }
  if (!(error instanceof KnestError)) {
    const message = error instanceof Error ? error.message : String(error)
    return { ...common, result: 'failed', actions: [warning('Failed', message)], nextMs: retryMs(failures) }
  }
  if (error instanceof BusyError) return { ...common, result: 'busy', nextMs: busyMs }
  if (error instanceof PreflightError && error.code === 'not-permitted')
    return { ...common, result: 'refused', nextMs: barredMs }
  if (error instanceof PreflightError || error.code === 'config') {
    const said = error instanceof PreflightError ? error.problems.map(textOf).join('\n') : textOf(error)
    return { ...common, result: 'refused', actions: [warning('Refused', said)], nextMs: refusedMs }
  }
  return {
    ...common,
    result: 'failed',
    actions: [warning('Failed', textOf(error))],
    nextMs: retryMs(failures),
  }
}

function warning(reason: string, message: string): HealAction {
  return { type: 'Warning', reason, message }
}

interface Told {
  readonly message: string
  readonly hint?: string | undefined
  readonly code?: string
}

/** A controller has one context and no terminal: what it may comes with its installation. */
function textOf({ message, hint, code }: Told): string {
  if (code === 'not-permitted')
    return `${message}; its rights come with the controller: ${knestCommand('host', 'install', 'controller')}`
  return hint === undefined ? message : `${message}; ${hint}`
}

function retryMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** failures, longestRetryMs)
}
