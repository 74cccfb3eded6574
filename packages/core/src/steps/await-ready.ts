import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { condition, isReady, isReadySince } from '../nested-api/conditions.js'
import { keptNodes } from './kept-nodes.js'
import { lookForCauses, type FindFault } from './why-not-ready.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }

interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

interface AwaitRegisteredOptions extends Wait {
  /** Those that have a Node object already. */
  readonly registered?: readonly string[] | undefined
}

interface AwaitNodesOptions extends AwaitRegisteredOptions {
  /** By node, when its kubelet was started. */
  readonly since?: ReadonlyMap<string, Date> | undefined
  /** Asked once it takes long: what no waiting cures, and what then ends it. */
  readonly fault?: FindFault
}

/**
 * Waits until each of the nodes is Ready. Of those in `since` only what a kubelet said from that moment on counts:
 * one that is restarted leaves its last word behind, and says something else when it is back. Throws PlanOutdated when the
 * Node object of one is deleted meanwhile: its kubelet makes no other by itself.
 */
export async function awaitNodes(
  api: KubeApi,
  names: readonly string[],
  { since = new Map(), fault, registered, ...wait }: AwaitNodesOptions,
): Promise<void> {
  const missing = (nodes: readonly KubeObject[]): readonly string[] =>
    names.filter(
      (name) => !nodes.some((node) => node.metadata.name === name && isReadySince(node, since.get(name))),
    )
  const requireKept = keptNodes(names, registered)
  const causes = lookForCauses(api, fault, wait.signal)
  try {
    const isDone = (nodes: readonly KubeObject[]): boolean => {
      requireKept(nodes)
      return missing(nodes).length === 0
    }
    await api.waitFor(nodeKind, {}, isDone, {
      ...wait,
      signal: causes.signal,
      awaited: `${names.length} nodes to be Ready`,
      describe: (nodes) =>
        [
          missing(nodes)
            .map((name) => `"${name}" ${whyNot(nodes, name)}`)
            .join(', '),
          ...causes.seen(),
        ].join('; '),
    })
  } finally {
    causes.close()
  }
}

/** Waits until each of the nodes has a Node object. Throws as awaitNodes. */
export async function awaitRegistered(
  api: KubeApi,
  names: readonly string[],
  { registered, ...wait }: AwaitRegisteredOptions,
): Promise<void> {
  const requireKept = keptNodes(names, registered)
  const missing = (nodes: readonly KubeObject[]): readonly string[] =>
    names.filter((name) => !nodes.some((node) => node.metadata.name === name))
  const isDone = (nodes: readonly KubeObject[]): boolean => {
    requireKept(nodes)
    return missing(nodes).length === 0
  }
  await api.waitFor(nodeKind, {}, isDone, {
    ...wait,
    awaited: `${names.length} nodes to register`,
    describe: (nodes) => `not yet ${missing(nodes).join(', ')}`,
  })
}

function whyNot(nodes: readonly KubeObject[], name: string): string {
  const node = nodes.find(({ metadata }) => metadata.name === name)
  if (node === undefined) return 'has not registered'
  if (isReady(node)) return 'has not spoken since its kubelet was started'
  return `is not Ready: ${condition(node, 'Ready')?.message ?? 'no condition yet'}`
}

export async function awaitDns(api: KubeApi, wait: Wait): Promise<void> {
  const available = (found: readonly KubeObject[]): boolean =>
    found.some((one) => condition(one, 'Available')?.status === 'True')
  const selector = { namespace: 'kube-system', fieldSelector: 'metadata.name=coredns' }
  await api.waitFor(deploymentKind, selector, available, {
    ...wait,
    awaited: 'Deployment "coredns" to be Available',
    describe: (found) => condition(found[0], 'Available')?.message ?? 'no condition yet',
  })
}
