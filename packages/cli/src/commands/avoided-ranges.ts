import { PreflightError, type ClusterSpec, type Problem } from 'knest'
import type { SpecRoom } from '../deps.js'

/** Refuses networks that touch a range the user wants left alone. */
export function checkAvoided(room: SpecRoom, spec: ClusterSpec, avoid: readonly string[]): void {
  const problems: Problem[] = []
  for (const text of avoid) {
    const avoided = room.parseCidr(text)
    for (const [what, flag, ranges] of [
      ['pod network CIDR', '--pod-network-cidr', spec.network.podNetworkCidr],
      ['service CIDR', '--service-cidr', spec.network.serviceCidr],
    ] as const) {
      for (const cidr of ranges.filter((range) => room.overlaps(avoided, room.parseCidr(range)))) {
        problems.push({
          message: `${what} "${cidr}" overlaps "${text}", which is to be avoided`,
          hint: `choose another range with ${flag}`,
          severity: 'error',
        })
      }
    }
  }
  if (problems.length > 0) throw new PreflightError('config', problems)
}
