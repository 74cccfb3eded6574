import type { ClusterRecord } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { openNestedApi } from './open.js'

/** The nested API by any control plane whose API server answers; undefined when there is none. */
export async function tryNestedApi(
  { home, openNestedApi: open = openNestedApi }: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<KubeApi | undefined> {
  const ready = nodes.filter(({ role, ready: answers }) => role === 'control-plane' && answers)
  const authorities = ready.length === 0 ? undefined : await home.readAuthorities(record, signal)
  if (authorities === undefined) return undefined
  const opened = await Promise.allSettled(
    ready.map(({ backend, name }) => backend.openNode(record, name, signal)),
  )
  signal.throwIfAborted()
  const handles = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  if (handles.length === 0) return undefined
  return open({ cluster: record.name, nodes: handles, authorities })
}
