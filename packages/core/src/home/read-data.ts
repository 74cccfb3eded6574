import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { HostData } from '../contracts/registries.js'

interface DataRef {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: string
  readonly namespace: string
}

/** What a user's Secret or ConfigMap holds, as text by its keys; undefined when it is not there. */
export async function readData(
  api: KubeApi,
  { kind, name, namespace }: DataRef,
  signal: AbortSignal,
): Promise<HostData | undefined> {
  const kindRef = { apiVersion: 'v1', kind }
  if (kind === 'Secret') {
    const found = await api.get(kindRef, name, namespace, signal)
    return found === undefined ? undefined : { data: decoded(found, 'data') }
  }
  // Whoever works on clusters may list ConfigMaps, see rights/namespace-rules.ts.
  const [found] = await api.list(kindRef, { namespace, fieldSelector: `metadata.name=${name}`, signal })
  return found === undefined
    ? undefined
    : { data: { ...decoded(found, 'binaryData'), ...textsOf(found, 'data') } }
}

function textsOf(object: KubeObject, field: 'data' | 'binaryData'): Readonly<Record<string, string>> {
  return (object[field] ?? {}) as Readonly<Record<string, string>>
}

function decoded(object: KubeObject, field: 'data' | 'binaryData'): Readonly<Record<string, string>> {
  const texts = Object.entries(textsOf(object, field))
  return Object.fromEntries(texts.map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]))
}
