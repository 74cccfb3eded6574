import type { ClusterOwner, ClusterRecord, ClusterSpec, LocatedOwner } from '../contracts/cluster.js'
import { subdomainFault } from '../values/index.js'
import type { ProblemList } from './problem-list.js'

/** Checks what a cluster is deleted with; absent: with nothing. */
export function resolveOwner(
  owner: ClusterOwner | undefined,
  problems: ProblemList,
): Pick<ClusterSpec, 'deleteWith'> {
  if (owner === undefined) return {}
  const { kind, namespace, name, uid } = owner
  const fault = subdomainFault(name)
  if (fault !== undefined)
    problems.error(`deleteWith.name "${name}" ${fault}`, 'give the name of a pod of the host')
  const placeFault = namespace === undefined ? undefined : subdomainFault(namespace)
  if (placeFault !== undefined)
    problems.error(`deleteWith.namespace "${namespace ?? ''}" ${placeFault}`, 'give a namespace of the host')
  if (uid === '') problems.error('deleteWith.uid is empty', 'give the uid of the pod, from its metadata')
  return { deleteWith: { kind, ...(namespace === undefined ? {} : { namespace }), name, uid } }
}

type Owned = Pick<ClusterRecord, 'namespace' | 'spec' | 'desiredSpec' | 'phase'>

/** What its object says it is deleted with, in its namespace; undefined where that is nothing. Data that was kept stay. Pure. */
export function ownerOf({ namespace, spec, desiredSpec, phase }: Owned): LocatedOwner | undefined {
  const { deleteWith } = desiredSpec ?? spec
  if (deleteWith === undefined || phase === 'Kept') return undefined
  return { ...deleteWith, namespace: deleteWith.namespace ?? namespace }
}
