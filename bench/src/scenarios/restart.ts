import { setTimeout as delay } from 'node:timers/promises'
import type { KubeApi, KubeObject } from 'knest'
import { openKube } from 'knest/kube'
import { deleteNodePods, nodePods, withHost } from '../nodes.js'
import type { Scenario } from './scenario.js'
import { settle } from './settle.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const limitSeconds = 180

/** Everything of a persistent 3+2 deleted at once; its clients see it come back by itself. */
export const restart: Scenario = {
  figures: ['restart-all', 'restart-all-ready'],
  run: async ({ cluster, knest }) => {
    await knest.remove(cluster)
    await knest.create(cluster, 3, 2, '--persistent')
    await settle()
    const nested = await openKube({ kubeconfigText: await knest.output('kubeconfig', cluster) })
    try {
      return await withHost((host) => recover(host, nested, cluster))
    } finally {
      nested.close()
      await knest.remove(cluster)
    }
  },
}

async function recover(host: KubeApi, nested: KubeApi, cluster: string): Promise<Record<string, number>> {
  const old = new Set((await nodePods(host, cluster)).map(({ metadata }) => metadata.uid))
  const started = performance.now()
  await deleteNodePods(host, cluster)
  const nodes = (): Promise<readonly KubeObject[]> =>
    nested.list(nodeKind, { signal: AbortSignal.timeout(2_000) })
  // What is being ended answers for a moment, and a kubelet that is gone is Ready for 40 s more.
  const areNew = async (): Promise<boolean> => {
    const pods = await nodePods(host, cluster)
    return pods.length === old.size && pods.every(({ metadata }) => !old.has(metadata.uid))
  }
  const back = await secondsUntil(started, async () => (await areNew()) && (await nodes()).length > 0)
  const ready = await secondsUntil(started, async () => {
    // The host may tell a pod's address later than the nested API is back.
    const addresses = new Set((await nodePods(host, cluster)).map(addressOf))
    return (await nodes()).every((node) => isReady(node) && addresses.has(internalAddress(node)))
  })
  return { 'restart-all': back, 'restart-all-ready': ready }
}

async function secondsUntil(started: number, works: () => Promise<boolean>): Promise<number> {
  for (;;) {
    const fine = await works().catch(() => false)
    const seconds = (performance.now() - started) / 1000
    if (fine) return seconds
    if (seconds > limitSeconds) throw new Error(`the cluster did not come back within ${limitSeconds} s`)
    await delay(100)
  }
}

function addressOf(pod: KubeObject): string | undefined {
  return (pod.status as { podIP?: string } | undefined)?.podIP
}

function internalAddress(node: KubeObject): string | undefined {
  const status = node.status as { addresses?: readonly { type: string; address: string }[] } | undefined
  return status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
}

function isReady(node: KubeObject): boolean {
  const status = node.status as { conditions?: readonly { type: string; status: string }[] } | undefined
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
}
