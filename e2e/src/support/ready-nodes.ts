import type { KubeApi, KubeObject } from 'knest'
import { isReady, within } from './cluster.js'
import type { TestCluster } from './cluster.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
/** By its process, in seconds since 1970: in a pod node nothing else knows. */
const started =
  'now=$(date +%s%3N); read -r up _ </proc/uptime; ' +
  'stat=$(cat "/proc/$(systemctl show --property MainPID --value kubelet)/stat") || exit 1; ' +
  'set -- ${stat##*) }; echo $(((now - 10 * ${up/./} + 10 * ${20}) / 1000))'

/**
 * Which of these nodes are not there or not Ready. A node that was restarted has the last word of its old kubelet
 * for 40 seconds: of those in `since` only what was said from that moment on counts.
 */
export async function notReady(
  api: KubeApi,
  nodes: readonly string[],
  since: ReadonlyMap<string, number> = new Map(),
): Promise<readonly string[]> {
  const found = await api.list(nodeKind, { signal: within(5_000) })
  const isFine = (node: string): boolean => {
    const object = found.find(({ metadata }) => metadata.name === node)
    return object !== undefined && isReady(object) && lastHeartbeat(object) >= (since.get(node) ?? 0)
  }
  return nodes.filter((node) => !isFine(node))
}

/** When the kubelets of these nodes were started, by the nodes' clocks, in milliseconds. */
export async function kubeletStarts(
  cluster: TestCluster,
  nodes: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const ask = async (node: string): Promise<readonly [string, number]> => {
    const seconds = Number(await cluster.knest('ssh', cluster.name, node, '--', 'bash', '-c', started))
    if (!(seconds > 0)) throw new Error(`"${node}" does not say when its kubelet was started`)
    return [node, seconds * 1000]
  }
  return new Map(await Promise.all(nodes.map(ask)))
}

/** A condition to wait for: all of these nodes are Ready by the word of the kubelets that run now. */
export function readyAnew(
  cluster: TestCluster,
  api: KubeApi,
  nodes: readonly string[],
): () => Promise<boolean> {
  let since: ReadonlyMap<string, number> | undefined
  return async () => {
    if ((await notReady(api, nodes)).length > 0) return false
    // Asked once: it costs a command for each node.
    since ??= await kubeletStarts(cluster, nodes)
    return (await notReady(api, nodes, since)).length === 0
  }
}

/** When its kubelet last said whether it is Ready, in milliseconds since 1970; 0: never. */
export function lastHeartbeat({ status }: KubeObject): number {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: readonly { readonly type: string; readonly lastHeartbeatTime?: string }[]
  }
  return Date.parse(conditions.find(({ type }) => type === 'Ready')?.lastHeartbeatTime ?? '') || 0
}
