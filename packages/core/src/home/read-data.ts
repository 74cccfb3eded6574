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
}
