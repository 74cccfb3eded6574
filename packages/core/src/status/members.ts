import type { ClusterRecord } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { firstAnswer } from '../observe/first-answer.js'

/** Node objects of the nested API, by the first control plane whose API server gives them. */
export async function askNodeObjects(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const ready = nodes.filter((node) => node.role === 'control-plane' && node.ready)
  if (ready.length === 0) throw notReady()
  return firstAnswer(ready, (node, both) => nodeObjectsBy(parts, record, node, both), signal)
}

async function nodeObjectsBy(
  parts: Parts,
  record: ClusterRecord,
  node: BackendNode,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const api = await tryNestedApi(parts, record, [node], signal)
  if (api === undefined) throw notReady()
  try {
    return await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal })
  } finally {
    api.close()
  }
}

function notReady(): KnestError {
  return new KnestError('prerequisite', 'no control plane is ready')
}
