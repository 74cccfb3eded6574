import { KnestError, type ClusterSpec } from 'knest'
import type { OpenClusters } from '../deps.js'

interface Asked {
  readonly namespace: string | undefined
  readonly name: string
}

/** What `--delete-with` names: `pod/NAME` or `pod/NAMESPACE/NAME`. Throws `usage`. */
export function parseOwner(text: string): Asked {
  const [kind = '', ...names] = text.split('/')
  const isDns = names.every((name) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= 253)
  const [name = '', namespace] = names.toReversed()
  if (!['pod', 'pods', 'po'].includes(kind) || names.length < 1 || names.length > 2 || !isDns)
    throw new KnestError('usage', `--delete-with "${text}" names no pod`, {
      hint: 'write it as pod/NAME, for one of the namespace of -n or of the context, or as pod/NAMESPACE/NAME',
    })
  return { namespace, name }
}

/** The spec with the pod that it is deleted with, as the host knows it now. Throws `not-found`. */
export async function withOwner(
  { clusters }: Pick<OpenClusters, 'clusters'>,
  spec: ClusterSpec,
  asked: Asked | undefined,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<ClusterSpec> {
  if (asked === undefined) return spec
  const pod = { kind: 'Pod', name: asked.name, namespace: asked.namespace ?? namespace } as const
  return { ...spec, deleteWith: await clusters.findOwner(pod, signal) }
}
