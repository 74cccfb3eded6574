import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import * as defaults from '../defaults.js'
import { durationMs } from '../values/index.js'
import type { ProblemList } from './problem-list.js'

/** Checks how long a cluster is to live; absent: until somebody deletes it. */
export function resolveTtl(ttl: string | undefined, problems: ProblemList): Pick<ClusterSpec, 'ttl'> {
  if (ttl === undefined) return {}
  const ms = durationMs(ttl)
  if (ms === undefined) {
    problems.error(`ttl "${ttl}" is not a duration`, 'write a number with a unit, as in 90m or 2h')
  } else if (ms < defaults.minTtlMs) {
    problems.error(`ttl "${ttl}" is shorter than a cluster needs to come up`, 'give at least 1m')
  }
  return { ttl }
}

type Lasting = Pick<ClusterRecord, 'createdAt' | 'spec' | 'desiredSpec' | 'phase'>

/**
 * When its time is over, in milliseconds since 1970, by what its object asks for; undefined where it has none. Data
 * that was kept on purpose stays. Pure.
 */
export function endOf({ createdAt, spec, desiredSpec, phase }: Lasting): number | undefined {
  const lives = durationMs((desiredSpec ?? spec).ttl ?? '')
  const created = Date.parse(createdAt)
  return lives === undefined || Number.isNaN(created) || phase === 'Kept' ? undefined : created + lives
}

/** The `ttl` with which it lives so much longer than it would, or from now on if its time is over or has no end. Pure. */
export function extendedTtl(record: Lasting, moreMs: number, now: number): string {
  const end = Math.max(endOf(record) ?? now, now) + moreMs
  return goDuration(end - Date.parse(record.createdAt))
}

/** In whole seconds, as Go writes it: `1h30m0s`. */
function goDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`
}
