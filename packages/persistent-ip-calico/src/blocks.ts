import { parseCidr } from '@knest/core'
import type { KubeObject, UsedAddress } from '@knest/core'

interface BlockSpec {
  readonly cidr?: string
  /** By place in the block: index into `attributes`. */
  readonly allocations?: readonly (number | null)[]
  readonly attributes?: readonly BlockAttributes[]
}

interface BlockAttributes {
  readonly handle_id?: string | null
  readonly secondary?: Readonly<Record<string, string>> | null
  /** Given back, and not yet to be given out again. */
  readonly releasedAt?: string | null
}

/** What Calico has assigned: also tunnel addresses of nodes, which no pod shows. Pure. */
export function usedInBlock({ spec: given }: KubeObject): readonly UsedAddress[] {
  const { cidr = '', allocations = [], attributes = [] } = (given ?? {}) as BlockSpec
  if (cidr === '' || cidr.includes(':')) return []
  const { first } = parseCidr(cidr)
  return allocations.flatMap((index, place) => {
    const holder = index === null ? undefined : attributes[index]
    if (holder === undefined || holder.releasedAt != null) return []
    return [{ address: first + place, ...holderOf(holder) }]
  })
}

function holderOf({ handle_id: handle, secondary }: BlockAttributes): Omit<UsedAddress, 'address'> {
  const { pod, namespace } = secondary ?? {}
  if (pod === undefined || namespace === undefined) return { by: `Calico (${handle ?? 'unknown'})` }
  // The pod of a node is called after its StatefulSet.
  return { by: `pod "${namespace}/${pod}"`, node: { namespace, name: pod.replace(/-0$/, '') } }
}
