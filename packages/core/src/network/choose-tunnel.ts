import type { HomeFacts } from '../contracts/cluster-home.js'
import type { ClusterNetwork } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import { automaticMtu, defaultVxlanPort, minMtu, usualMinMtu } from '../defaults.js'
import { vxlanOverhead } from './vxlan.js'

export interface Tunnel {
  readonly vxlanPort: number
  /** Of nested pods, in bytes; never 0. */
  readonly mtu: number
  readonly problems: readonly Problem[]
}

/**
 * Port and MTU of the nested overlay. The default port gives way to a free one; a port the user chose
 * does not, since Calico and Cilium hosts drop their own tunnel's port from pods.
 */
export function chooseTunnel(
  facts: Pick<HomeFacts, 'podMtu' | 'tunnelPorts' | 'cni'>,
  wanted: Pick<ClusterNetwork, 'vxlanPort' | 'mtu'>,
): Tunnel {
  const problems: Problem[] = []
  const host = facts.cni ?? 'the host'
  let { vxlanPort } = wanted
  const freePort = firstFree(facts.tunnelPorts)
  if (facts.tunnelPorts.includes(vxlanPort)) {
    if (vxlanPort === defaultVxlanPort) vxlanPort = freePort
    else {
      problems.push({
        message: `VXLAN port ${vxlanPort} is the one ${host} uses for its own tunnel`,
        hint: `leave it out, or use another, as in ${freePort}`,
        severity: 'error',
      })
    }
  }
  const largest = facts.podMtu - vxlanOverhead
  const mtu = wanted.mtu === automaticMtu ? largest : wanted.mtu
  if (mtu > largest) {
    problems.push({
      reason: 'MtuTooLarge',
      message: `MTU ${mtu} is too large: pods of the host have ${facts.podMtu}, of which VXLAN takes ${vxlanOverhead}`,
      hint: `use at most ${largest}, or leave it out`,
      severity: 'error',
    })
  }
  if (largest < minMtu) {
    problems.push({
      reason: 'MtuTooLarge',
      message: `pods of the host have an MTU of ${facts.podMtu}, which leaves nested pods ${largest} of the ${minMtu} they need`,
      hint: 'raise the MTU of the host pod network, or use a host with less encapsulation',
      severity: 'error',
    })
  } else if (mtu < usualMinMtu) {
    problems.push({
      message: `nested pods have an MTU of ${mtu}: IPv4 works with it, IPv6 and what counts on ${usualMinMtu} do not`,
      hint:
        largest < usualMinMtu
          ? `pods of the host have ${facts.podMtu}; a host with less encapsulation, or a larger MTU of its pod network, leaves more`
          : `use at least ${usualMinMtu}, or leave it out`,
      severity: 'warning',
    })
  }
  return { vxlanPort, mtu, problems }
}

function firstFree(taken: readonly number[]): number {
  let port = defaultVxlanPort
  while (taken.includes(port)) port += 1
  return port
}
