import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { Parts } from '../contracts/parts.js'
import type { Problem } from '../errors.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { addedNodes } from '../plan/desired-nodes.js'

const elsewhere = /,?( or)? choose another namespace with -n,?/
const createFlags = /--(control-plane|worker)-|--persistent|--storage-class/

/** Of a cluster that is there, neither namespace nor machines can be chosen otherwise. */
function withoutChoice(problem: Problem): Problem {
  const hint = problem.hint.replace(elsewhere, '')
  return {
    ...problem,
    hint: createFlags.test(hint) ? 'have it changed on the host, or ask for fewer nodes' : hint,
  }
}

/**
 * What the host has against the nodes that come to those that are there, as before a create: rights, names that others
 * have, admission, quotas, room. `surge`: nodes that each pool has besides, as long as an upgrade goes on. Changes
 * nothing.
 */
export async function additionProblems(
  parts: Parts,
  record: ClusterRecord,
  spec: ClusterSpec,
  signal: AbortSignal,
  surge = 0,
): Promise<readonly Problem[]> {
  const backends = await backendsOf(parts, { spec })
  const existing = await listNodes(record, backends, signal)
  const workers = spec.workers.map((pool) => ({ ...pool, count: pool.count + Math.min(surge, pool.count) }))
  const wanted = { ...spec, workers }
  const added = addedNodes(record, wanted, existing)
  if (added.length === 0) return []
  const concerned = backends.filter(({ name }) => added.some(({ backend }) => backend === name))
  const objects = concerned.flatMap((backend) => backend.hostObjects?.(record, wanted, existing) ?? [])
  const [found, tried] = await Promise.all([
    Promise.all(concerned.map((backend) => backend.preflight(wanted, signal, record, existing))),
    parts.home.tryObjects?.(wanted, record, objects, signal, existing) ?? [],
  ])
  return [...found.flat(), ...tried].map(withoutChoice)
}
