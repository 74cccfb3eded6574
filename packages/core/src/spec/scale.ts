import type { ClusterSpec } from '../contracts/cluster.js'
import type { ScaleRequest } from '../contracts/clusters.js'
import { KnestError } from '../errors.js'
import { parseCidr, primaryRange } from '../network/cidr.js'
import { defaultPoolName } from '../defaults.js'
import { parseWholeNumber } from '../values/index.js'
import { orList } from './nearest.js'
import { ProblemList } from './problem-list.js'
import { podCapacityFault } from './resolve-network.js'
import { controlPlaneCountFault, totalWorkersFault, workerCountFault } from './resolve-nodes.js'

const form = 'write CP:WORKERS, as in 3:2, or "3:" or ":2" to leave one side as it is, or POOL=N'

/**
 * `3:2`, `3:`, `:2` or `POOL=N`. WORKERS means the pool "worker"; `checkScale` turns it into the
 * cluster's only pool when that has another name. Throws `usage`.
 */
export function parseScale(text: string): ScaleRequest {
  const refuse = (fault: string): never => {
    throw new KnestError('usage', `scale "${text}" ${fault}`, { hint: form })
  }
  const pool = /^([^=:]+)=([^=:]*)$/.exec(text)
  if (pool?.[1] !== undefined) {
    return { pools: { [pool[1]]: parseSide(pool[2] ?? '', refuse) ?? refuse('has no number') } }
  }
  const parts = text.split(':')
  if (parts.length === 1) refuse('has no ":"')
  if (parts.length > 2) refuse('has more than one ":"')
  const controlPlane = parseSide(parts[0] ?? '', refuse)
  const workers = parseSide(parts[1] ?? '', refuse)
  if (controlPlane === undefined && workers === undefined) refuse('changes nothing')
  return {
    ...(controlPlane === undefined ? {} : { controlPlane }),
    ...(workers === undefined ? {} : { pools: { [defaultPoolName]: workers } }),
  }
}

function parseSide(text: string, refuse: (fault: string) => never): number | undefined {
  if (text === '') return undefined
  const count = parseWholeNumber(text)
  if (count === undefined) return refuse(`has "${text}" where a whole number belongs`)
  return count < 0 ? refuse(`has a negative number "${text}"`) : count
}

/**
 * Checks a request against the cluster it is for and gives it with the cluster's own pool names.
 * Throws one PreflightError (`config`) with all that is wrong.
 */
export function checkScale(
  request: ScaleRequest,
  spec: ClusterSpec,
  options: { readonly force: boolean },
): ScaleRequest {
  const problems = new ProblemList()
  const pools = resolvePools(request.pools, spec, problems)
  const { controlPlane } = request
  const fault = controlPlane === undefined ? undefined : controlPlaneCountFault(controlPlane, options.force)
  if (fault !== undefined) problems.error(fault.message, fault.hint)
  for (const [name, count] of Object.entries(pools ?? {})) {
    const countFault = workerCountFault(`count of worker pool "${name}"`, count)
    if (countFault !== undefined) problems.error(countFault.message, countFault.hint)
  }
  problems.throwIfAny()

  const workers = spec.workers.reduce((sum, pool) => sum + (pools?.[pool.name] ?? pool.count), 0)
  const nodes = workers + (controlPlane ?? spec.controlPlane.count)
  const total =
    totalWorkersFault(workers) ??
    podCapacityFault(parseCidr(primaryRange(spec.network.podNetworkCidr)), nodes)
  if (total !== undefined) problems.error(total.message, total.hint)
  problems.throwIfAny()
  return {
    ...(controlPlane === undefined ? {} : { controlPlane }),
    ...(pools === undefined ? {} : { pools }),
  }
}

function resolvePools(
  wanted: ScaleRequest['pools'],
  spec: ClusterSpec,
  problems: ProblemList,
): Record<string, number> | undefined {
  if (wanted === undefined) return undefined
  const names = spec.workers.map((pool) => pool.name)
  const resolved: Record<string, number> = {}
  for (const [name, count] of Object.entries(wanted)) {
    const [only] = names.length === 1 ? names : []
    const known = names.includes(name) ? name : name === defaultPoolName ? only : undefined
    if (known === undefined) {
      problems.error(
        `the cluster has no worker pool "${name}"`,
        `use ${orList(names)}, as in ${names[0] ?? ''}=2`,
      )
    } else {
      resolved[known] = count
    }
  }
  return resolved
}

/** The spec after a scale, for the cluster's record. */
export function scaledSpec(spec: ClusterSpec, request: ScaleRequest): ClusterSpec {
  return {
    ...spec,
    controlPlane: { ...spec.controlPlane, count: request.controlPlane ?? spec.controlPlane.count },
    workers: spec.workers.map((pool) => ({ ...pool, count: request.pools?.[pool.name] ?? pool.count })),
  }
}
