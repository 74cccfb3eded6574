import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { NodeChoice } from '../contracts/images.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { controlPlanePool } from '../names.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { isChosen } from '../plan/loaded-images.js'

/**
 * The chosen nodes that run. Throws `not-found` for a pool or a node that is not there, `prerequisite` when one that is
 * named does not run, or none does; of the others that do not, it is told that they get it later.
 */
export async function chooseNodes(
  parts: Parts,
  record: ClusterRecord,
  choice: NodeChoice,
  { progress, signal }: Pick<RunOptions, 'progress' | 'signal'>,
): Promise<readonly BackendNode[]> {
  const there = await listNodes(record, await backendsOf(parts, record), signal)
  refuseUnknown(record, choice, there)
  const chosen = there.filter((node) => isChosen(choice, node))
  const away = chosen.filter(({ phase }) => phase !== 'running')
  const named = away.find(({ name }) => choice.nodes?.includes(name))
  if (named !== undefined || away.length === chosen.length) throw notRunning(record, named ?? away[0])
  for (const { name } of away)
    progress.warn(`node "${name}" does not run: it gets what is loaded when it is back`)
  return chosen.filter(({ phase }) => phase === 'running')
}

function refuseUnknown(
  record: ClusterRecord,
  { pools = [], nodes = [] }: NodeChoice,
  there: readonly BackendNode[],
): void {
  const { name, spec } = record
  const knownPools = [controlPlanePool, ...spec.workers.map((pool) => pool.name)]
  const pool = pools.find((each) => !knownPools.includes(each))
  if (pool !== undefined)
    throw new KnestError('not-found', `cluster "${name}" has no pool "${pool}"`, {
      hint: `its pools are ${knownPools.join(', ')}`,
    })
  const node = nodes.find((each) => !there.some((known) => known.name === each))
  if (node !== undefined)
    throw new KnestError('not-found', `cluster "${name}" has no node "${node}"`, {
      hint: `its nodes are ${there.map((each) => each.name).join(', ')}`,
    })
}

function notRunning(record: ClusterRecord, node: BackendNode | undefined): KnestError {
  const why = node?.reason === undefined ? '' : `: ${node.reason}`
  const message =
    node === undefined
      ? `no node of cluster "${record.name}" is chosen`
      : `node "${node.name}" of cluster "${record.name}" does not run${why}`
  return new KnestError('prerequisite', message, { hint: `see: ${clusterCommand('status', record)}` })
}
