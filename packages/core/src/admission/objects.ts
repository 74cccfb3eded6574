import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'

interface SetView {
  readonly template?: { readonly metadata?: Partial<KubeObject['metadata']>; readonly spec?: object }
  readonly volumeClaimTemplates?: readonly {
    readonly metadata: { readonly name: string }
    readonly spec?: object
  }[]
}

/** Stands for the uid of an object that is to be made. */
const notYet = '00000000-0000-0000-0000-000000000000'

/** A StatefulSet's first pod, as its controller makes it; undefined for other kinds. */
function podOf({ kind, metadata, spec }: KubeObject): KubeObject | undefined {
  if (kind !== 'StatefulSet') return undefined
  const { template = {}, volumeClaimTemplates = [] } = spec as SetView
  const { volumes = [] } = (template.spec ?? {}) as { readonly volumes?: readonly object[] }
  const claimed = volumeClaimTemplates.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: `${name}-${metadata.name}-0` },
  }))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template.metadata,
      name: `${metadata.name}-0`,
      namespace: metadata.namespace ?? '',
      labels: { ...template.metadata?.labels, 'statefulset.kubernetes.io/pod-name': `${metadata.name}-0` },
      // Policies refuse pods that nobody controls.
      ownerReferences: [
        { apiVersion: 'apps/v1', kind, name: metadata.name, uid: metadata.uid ?? notYet, controller: true },
      ],
    },
    spec: { ...template.spec, volumes: [...volumes, ...claimed] },
  }
}

/** Its claims. */
function claimsOf({ kind, metadata, spec }: KubeObject): readonly KubeObject[] {
  if (kind !== 'StatefulSet') return []
  return ((spec as SetView).volumeClaimTemplates ?? []).map((claim) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...claim.metadata,
      name: `${claim.metadata.name}-${metadata.name}-0`,
      namespace: metadata.namespace ?? '',
    },
    spec: claim.spec ?? {},
  }))
}

/** All that the host would have then. */
export function withMade(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.flatMap((object) => {
    const pod = podOf(object)
    return [object, ...(pod === undefined ? [] : [pod]), ...claimsOf(object)]
  })
}

/** Objects that are the same but for their names: whom one of them is refused, all are. */
export function shapeOf({ kind, metadata }: KubeObject): string {
  const { [labels.role]: role = '', [labels.pool]: pool = '', [labels.node]: node } = metadata.labels ?? {}
  return `${kind}/${node === undefined ? metadata.name : `${role}/${pool}`}`
}

/** As in `the control planes`, `pool "worker"`: whose object it is. */
export function ownerOf({ kind, metadata }: KubeObject): string {
  const { [labels.role]: role, [labels.pool]: pool } = metadata.labels ?? {}
  if (role === undefined || pool === undefined) return `${kind} "${metadata.name}"`
  const whose = role === 'control-plane' ? 'control planes' : `pool "${pool}"`
  const what = kind === 'Pod' ? 'the pods' : kind === 'PersistentVolumeClaim' ? 'the volumes' : `the ${kind}s`
  return `${what} of ${whose}`
}

/** The flag that changes how large such nodes are, as in `--worker-machine-memory-size`. */
export function sizeFlag(
  { metadata }: KubeObject,
  what: 'memory-size' | 'cpu-cores' | 'rootfs-size' | 'count',
): string {
  const role = metadata.labels?.[labels.role] === 'control-plane' ? 'control-plane' : 'worker'
  return `--${role}-machine-${what}`
}
