import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { Problem } from '../errors.js'
import { condition } from '../nested-api/conditions.js'
import { askDeadWebhooks, type DeadWebhook } from '../nested-api/dead-webhooks.js'
import { askSystemTroubles, type SystemTrouble } from '../nested-api/system-troubles.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { oneLine } from '../values/index.js'
import { aboutNode, warning } from './host-problems.js'

/** What the nested cluster says of its own parts; what it does not say is left out. */
export interface NestedLooks {
  readonly troubles: readonly SystemTrouble[]
  readonly webhooks: readonly DeadWebhook[]
  /** Why one of them could not be had. */
  readonly problems: readonly string[]
}

export const nothingSeen: NestedLooks = { troubles: [], webhooks: [], problems: [] }

export async function lookIntoCluster(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<NestedLooks> {
  const api = await tryNestedApi(parts, record, nodes, signal)
  if (api === undefined) return nothingSeen
  try {
    const [troubles, webhooks] = await Promise.allSettled([
      askSystemTroubles(api, signal),
      askDeadWebhooks(api, signal),
    ])
    return {
      troubles: troubles.status === 'fulfilled' ? troubles.value : [],
      webhooks: webhooks.status === 'fulfilled' ? webhooks.value : [],
      problems: [troubles, webhooks].flatMap((each) =>
        each.status === 'fulfilled' ? [] : [oneLine((each.reason as Error).message)],
      ),
    }
  } finally {
    api.close()
  }
}

/** What is wrong inside, each with its cure. Pure. */
export function nestedProblems(
  record: ClusterRecord,
  { troubles, webhooks }: NestedLooks,
): readonly Problem[] {
  return [
    ...webhooks.map(({ kind, configuration, webhook, service }) =>
      warning(
        { reason: 'WebhookDown', object: `${kind.toLowerCase()}/${configuration}` },
        `admission webhook "${webhook}" of the nested cluster refuses what it is to be asked about: nobody is ready behind Service "${service}"`,
        `bring its pods back, or remove it with ${shell(record, 'delete', kind.toLowerCase(), configuration)}`,
      ),
    ),
    ...troubles.map((trouble) =>
      warning(
        { reason: reasonOf[trouble.kind], object: `pod/${trouble.pod.name}` },
        trouble.message,
        cureOf(record, trouble),
      ),
    ),
  ]
}

const reasonOf = { image: 'ImagePull', memory: 'OutOfMemory', crash: 'ContainerCrashes' } as const

function cureOf(record: ClusterRecord, { kind, pod }: SystemTrouble): string {
  switch (kind) {
    case 'image':
      return `it starts by itself when its nodes can pull that image; else name one that they can: ${shell(record, 'get', 'pod', pod.name, '-n', pod.namespace, '-o', 'yaml')}`
    case 'memory':
      return 'give it less to do, or more memory: a worker in a new pool, a control plane in a new cluster'
    case 'crash':
      return `see why: ${shell(record, 'logs', pod.name, '-n', pod.namespace, '-c', pod.container, '--previous')}`
  }
}

function shell(record: ClusterRecord, ...words: readonly string[]): string {
  return clusterCommand('shell', record, '--', 'kubectl', ...words)
}

const pressures = ['DiskPressure', 'MemoryPressure', 'PIDPressure'] as const

/** Nodes whose kubelets say that they run out of something. Pure. */
export function pressureProblems(record: ClusterRecord, members: readonly KubeObject[]): readonly Problem[] {
  return members.flatMap((member) =>
    pressures.flatMap((type) => {
      const found = condition(member, type)
      if (found?.status !== 'True') return []
      const { name } = member.metadata
      return [
        warning(
          aboutNode(type === 'PIDPressure' ? 'PidPressure' : type, name),
          `node "${name}" has ${type}: ${found.message ?? 'its kubelet does not say more'}`,
          `its kubelet ends pods until that is over; see what they use: ${shell(record, 'describe', 'node', name)}`,
        ),
      ]
    }),
  )
}
