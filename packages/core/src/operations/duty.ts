import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealReport } from '../contracts/health.js'
import { phaseTable } from '../phases/index.js'
import { endOf } from '../spec/lifetime.js'
import { ownerOf } from '../spec/owner.js'
import { ownerText } from './owner.js'

/** What a controller does with a cluster now; commands finish what they began, or their user does. */
export type Duty = 'delete' | 'reconcile' | 'none'

/** Pure. `now`: milliseconds since 1970. */
export function dutyTo(record: ClusterRecord, now: number): Duty {
  const { phase, desiredSpec, declared, deletedAt } = record
  if (deletedAt !== undefined || isOver(record, now)) return 'delete'
  const { reconciled } = phaseTable[phase]
  if (reconciled === 'declared') return declared === true || desiredSpec !== undefined ? 'reconcile' : 'none'
  return reconciled === 'always' ? 'reconcile' : 'none'
}

/** Its create has not come to its end, and is a command's: nobody else goes on with it. Pure. */
export function isUnfinished({ phase, declared, deletedAt }: ClusterRecord): boolean {
  return phase === 'Creating' && declared !== true && deletedAt === undefined
}

/** For the log. */
export function whyOver(record: ClusterRecord, isLeft: boolean): string {
  const owner = ownerOf(record)
  return isLeft && owner !== undefined ? `${ownerText(owner)} is gone` : 'its time (ttl) is over'
}

/** Its time is over, whoever made it and whatever it is doing. Pure. */
function isOver(record: ClusterRecord, now: number): boolean {
  return (endOf(record) ?? Infinity) <= now
}

/** With a look at the end of its time. */
export function untilEnd(report: HealReport, record: ClusterRecord): HealReport {
  const times = [report.nextAt, endOf(record)].filter((at) => at !== undefined)
  return times.length === 0 ? report : { ...report, nextAt: Math.min(...times) }
}
