import type { ClusterRef, ClusterSpec } from './contracts/cluster.js'
import { backendsOf } from './converge.js'
import type { Parts } from './converge.js'
import type { Problem } from './errors.js'
import { chooseTunnel } from './network/index.js'

export interface PreflightResult {
  readonly problems: readonly Problem[]
  /** The wish with everything decided that depends on the host. */
  readonly resolved: ClusterSpec
}

/** Looks at host, network and backends for everything that would make a create fail. Changes nothing. */
export async function runPreflight(
  parts: Parts,
  ref: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<PreflightResult> {
  const backends = await backendsOf(parts, { spec })
  const [facts, ...found] = await Promise.all([
    parts.home.inspect(spec, ref, signal),
    ...backends.map((backend) => backend.preflight(spec, signal)),
  ])
  const tunnel = chooseTunnel(facts, spec.network)
  const serviceType = spec.endpoint.serviceType === 'auto' ? facts.serviceType : spec.endpoint.serviceType
  return {
    problems: [...facts.problems, ...tunnel.problems, ...found.flat()],
    resolved: {
      ...spec,
      network: { ...spec.network, vxlanPort: tunnel.vxlanPort, mtu: tunnel.mtu },
      endpoint: { serviceType },
    },
  }
}
