import type { KubeApi } from '../contracts/kubernetes.js'
import type { HostData } from '../contracts/registries.js'

interface DataRef {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: string
  readonly namespace: string
}

/** Reads a Secret or ConfigMap; undefined when it is not there. ConfigMaps are listed: nothing else needs to get one. */
export async function readData(
  api: KubeApi,
  { kind, name, namespace }: DataRef,
  signal: AbortSignal,
): Promise<HostData | undefined> {
  const kindRef = { apiVersion: 'v1', kind }
  const fieldSelector = `metadata.name=${name}`
  const [found] =
    kind === 'Secret'
      ? [await api.get(kindRef, name, namespace, signal)]
      : await api.list(kindRef, { namespace, fieldSelector, signal })
  if (found === undefined) return undefined
  const data = (found.data ?? {}) as Readonly<Record<string, string>>
  if (kind === 'ConfigMap') return { data }
  const decoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()])
  return { data: Object.fromEntries(decoded) as Record<string, string> }
import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'

/** What a user's ConfigMap or Secret in the cluster's namespace holds, by its keys; undefined when it is not there. */
export async function readData(
  api: KubeApi,
  { namespace }: ClusterRef,
  kind: 'ConfigMap' | 'Secret',
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const of = { apiVersion: 'v1', kind }
  if (kind === 'Secret') {
    const found = await api.get(of, name, namespace, signal)
    return found === undefined ? undefined : decoded(dataOf(found))
  }
  // Whoever works on clusters may list ConfigMaps, see rights/namespace-rules.ts.
  const [found] = await api.list(of, { namespace, fieldSelector: `metadata.name=${name}`, signal })
  return found === undefined ? undefined : { ...decoded(dataOf(found, 'binaryData')), ...dataOf(found) }
}

function dataOf(object: KubeObject, field: 'data' | 'binaryData' = 'data'): Readonly<Record<string, string>> {
  return (object[field] ?? {}) as Readonly<Record<string, string>>
}

function decoded(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )
}
