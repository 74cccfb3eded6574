import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { condition, isReady, isReadySince } from '../nested-api/conditions.js'
import { askSystemTroubles } from '../nested-api/system-troubles.js'
import { anySignal } from '../signals.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }

interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Waits until each of the nodes is Ready. Of those in `since` only what a kubelet said from that moment on counts:
 * one that is restarted leaves its last word behind, and says something else when it is back.
 */
export async function awaitNodes(
  api: KubeApi,
  names: readonly string[],
  { since = new Map(), ...wait }: Wait & { readonly since?: ReadonlyMap<string, Date> | undefined },
): Promise<void> {
  const missing = (nodes: readonly KubeObject[]): readonly string[] =>
    names.filter(
      (name) => !nodes.some((node) => node.metadata.name === name && isReadySince(node, since.get(name))),
    )
  const causes = lookForCauses(api, wait.signal)
  try {
    await api.waitFor(nodeKind, {}, (nodes) => missing(nodes).length === 0, {
      ...wait,
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

/** Longer than nodes take that lack nothing: of these nothing more is asked. */
const patienceMs = 25_000

/** What keeps pods of the cluster itself from running, looked at now and then while somebody waits for long. */
function lookForCauses(
  api: KubeApi,
  signal: AbortSignal,
): { readonly seen: () => readonly string[]; readonly close: () => void } {
  let seen: readonly string[] = []
  let isClosed = false
  const look = async (): Promise<void> => {
    const bounded = anySignal(signal, AbortSignal.timeout(patienceMs))
    const troubles = await askSystemTroubles(api, bounded).catch(() => undefined)
    seen = troubles?.map(({ message }) => message) ?? seen
    if (!isClosed && !signal.aborted) start()
  }
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    timer = setTimeout(() => void look(), patienceMs)
    timer.unref()
  }
  start()
  return {
    seen: () => seen,
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

export async function awaitRegistered(api: KubeApi, names: readonly string[], wait: Wait): Promise<void> {
  const missing = (nodes: readonly KubeObject[]): readonly string[] =>
    names.filter((name) => !nodes.some((node) => node.metadata.name === name))
  await api.waitFor(nodeKind, {}, (nodes) => missing(nodes).length === 0, {
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
