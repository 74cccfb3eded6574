import { KnestError, hostCommand } from '@knest/core'
import { inspectNetwork } from '../engine/network.js'
import type { LocatedHost } from './locate.js'
import type { HostUp } from './types.js'

/** Refuses ranges that are not those of the host that is there: they are in certificates, routes and every Service. */
export async function checkRanges(found: LocatedHost, target: HostUp, signal: AbortSignal): Promise<void> {
  const { ranges } = target
  if (ranges === undefined || found.label === undefined) return
  const { network } = found.label.spec
  const subnet =
    ranges.subnet === undefined
      ? undefined
      : ((await inspectNetwork(found.engine, target.name, signal))?.subnets[0] ?? found.label.subnet)
  const has = { subnet, podNetworkCidr: network.podNetworkCidr[0], serviceCidr: network.serviceCidr[0] }
  const others = Object.entries(flags).flatMap(([key, flag]) => {
    const [wanted, own] = [ranges[key as keyof typeof flags], has[key as keyof typeof flags]]
    return wanted === undefined || wanted === own ? [] : [`${flag} ${own ?? 'of its own choice'}`]
  })
  if (others.length === 0) return
  throw new KnestError(
    'conflict',
    `host "${target.name}" has ${others.join(' and ')}, and the ranges of a host do not change`,
    {
      hint: `leave the flag out, choose another --name, or make it anew (all in it is lost): ${hostCommand('down', target)}`,
    },
  )
}

const flags = {
  subnet: '--subnet',
  podNetworkCidr: '--pod-network-cidr',
  serviceCidr: '--service-cidr',
} as const
