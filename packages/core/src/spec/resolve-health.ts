import type { ClusterSpec, HealthPolicy } from '../contracts/cluster.js'
import * as defaults from '../defaults.js'
import { durationMs, parsePercent } from '../values/index.js'
import type { ProblemList } from './problem-list.js'
import type { ClusterInput } from './schema.js'

/** Keeps what was asked for and no default, so that a later default holds for clusters that asked for none. */
export function resolveHealth(
  input: ClusterInput['health'],
  problems: ProblemList,
): Pick<ClusterSpec, 'health'> {
  if (input === undefined) return {}
  const { unhealthyAfter, maxUnhealthy } = input
  if (unhealthyAfter !== undefined) checkUnhealthyAfter(unhealthyAfter, problems)
  if (maxUnhealthy !== undefined && percentOf(maxUnhealthy) === undefined) {
    problems.error(
      `maxUnhealthy "${maxUnhealthy}" is not a share of the nodes`,
      'write a whole number from 0 to 100 with a percent sign, as in 40%',
    )
  }
  return {
    health: {
      ...(unhealthyAfter === undefined ? {} : { unhealthyAfter }),
      ...(maxUnhealthy === undefined ? {} : { maxUnhealthy }),
    },
  }
}

function checkUnhealthyAfter(text: string, problems: ProblemList): void {
  const ms = durationMs(text)
  if (ms === undefined) {
    problems.error(
      `unhealthyAfter "${text}" is not a duration`,
      'write a number with a unit, as in 90s or 5m',
    )
  } else if (ms < defaults.minUnhealthyAfterMs) {
    problems.error(
      `unhealthyAfter "${text}" is shorter than a node needs to start`,
      `give at least ${defaults.minUnhealthyAfterMs / 1000}s`,
    )
  }
}

function percentOf(text: string): number | undefined {
  const percent = parsePercent(text)
  return percent !== undefined && percent <= 100 ? percent : undefined
}

/** The policy in numbers, with every default filled in. */
export function healthLimits(policy: HealthPolicy | undefined): {
  readonly unhealthyAfterMs: number
  readonly maxUnhealthyPercent: number
} {
  const { unhealthyAfter, maxUnhealthy } = policy ?? {}
  return {
    unhealthyAfterMs: durationMs(unhealthyAfter ?? '') ?? defaults.defaultUnhealthyAfterMs,
    maxUnhealthyPercent: percentOf(maxUnhealthy ?? '') ?? defaults.defaultMaxUnhealthyPercent,
  }
}
