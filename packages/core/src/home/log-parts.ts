import type { ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { LogPart } from '../contracts/logs.js'
import { KnestError } from '../errors.js'
import { clusterSelector } from '../labels.js'
import { redactObject } from '../logs/index.js'
import { yamlText } from '../yaml-text.js'
import { controllerAccount } from './controller-binding.js'
import { nestedClusterKind } from './record.js'

const v1 = (kind: string): KindRef => ({ apiVersion: 'v1', kind })
const logLines = 5000

/** By the cluster's label, in its namespace. */
const kinds: readonly (readonly [file: string, kind: KindRef])[] = [
  ['pods', v1('Pod')],
  ['statefulsets', { apiVersion: 'apps/v1', kind: 'StatefulSet' }],
  ['persistentvolumeclaims', v1('PersistentVolumeClaim')],
  ['services', v1('Service')],
  ['leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }],
]
/** Of hosts with KubeVirt. */
const vmKinds: typeof kinds = [
  ['virtualmachines', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }],
  ['virtualmachineinstances', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' }],
]

/** What the host can tell of a cluster, each for itself: objects without secrets, events, and the controller's log. */
export function hostLogParts(api: KubeApi, { name, namespace }: ClusterRef): readonly LogPart[] {
  const ours = { namespace, labelSelector: clusterSelector(name) }
  const part = (file: string, read: (signal: AbortSignal) => Promise<unknown>): LogPart => ({
    path: `host/${file}.yaml`,
    read: async (signal) => yamlText(redactObject(await read(signal))),
  })
  const listed = ([file, kind]: (typeof kinds)[number]): LogPart =>
    part(file, (signal) => api.list(kind, { ...ours, signal }))
  return [
    part('nestedcluster', (signal) => api.get(nestedClusterKind, name, namespace, signal)),
    ...kinds.map(listed),
    ...vmKinds.map(listed).map(whereServed),
    part('secrets-names-and-keys', async (signal) =>
      (await api.list(v1('Secret'), { ...ours, signal })).map(namesOf),
    ),
    part('events', async (signal) =>
      (await api.list(v1('Event'), { namespace, signal })).filter((event) => isAbout(event, name)),
    ),
    part('nodes', async (signal) => (await api.list(v1('Node'), { signal })).map(nodeFacts)),
    { path: 'host/version.json', read: async (signal) => (await api.raw('/version', signal)).body },
    { path: 'controller.log', read: (signal) => controllerLog(api, signal) },
  ]
}

/** A host without KubeVirt has nothing to miss. */
function whereServed(part: LogPart): LogPart {
  return {
    ...part,
    read: async (signal) => {
      try {
        return await part.read(signal)
      } catch (error) {
        if (error instanceof KnestError && error.code === 'not-found') return '# not a kind of this host\n'
        throw error
      }
    },
  }
}

function namesOf({ metadata, type, data }: KubeObject): object {
  const { name, labels: found, creationTimestamp } = metadata
  return { name, type, labels: found, creationTimestamp, keys: Object.keys((data ?? {}) as object) }
}

function isAbout(event: KubeObject, cluster: string): boolean {
  const { name = '' } = (event.involvedObject ?? {}) as { readonly name?: string }
  return name === cluster || name.startsWith(`${cluster}-`) || name.includes(`-${cluster}-`)
}

/** What says where pods can run; whose machines they are is nobody's business. */
function nodeFacts({ metadata, spec, status }: KubeObject): object {
  const { name, labels: found } = metadata
  const { conditions, allocatable, capacity, nodeInfo } = (status ?? {}) as Record<string, unknown>
  return { name, labels: found, spec, conditions, allocatable, capacity, nodeInfo }
}

async function controllerLog(api: KubeApi, signal: AbortSignal): Promise<string> {
  const { name: account, namespace } = controllerAccount
  const labelSelector = `app.kubernetes.io/name=${account}`
  const pods = await api.list(v1('Pod'), { namespace, labelSelector, signal })
  if (pods.length === 0) return 'the host has no controller\n'
  const texts = pods.map(async ({ metadata: { name } }) => {
    const query = `tailLines=${logLines}&timestamps=true`
    const { status, body } = await api.raw(
      `/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`,
      signal,
      { method: 'GET', accept: '*/*' },
    )
    return `# ${name}\n${status === 200 ? body : `its log cannot be had: HTTP status ${status}`}\n`
  })
  return (await Promise.all(texts)).join('')
}
