import { volumeClaimKind, clusterSelector, KnestError, labels } from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject, NodeRole, NodeStatus } from '@knest/core'
import { vmiKind, vmKind } from './kubevirt.js'
import { rootDisk, userdataSecret } from './names.js'
import { isListening } from './portforward.js'
import { vmState } from './vm-state.js'

const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }
const apiServerPort = 6443
const kubeletPort = 10250

/** The VM nodes of a cluster, and the disks of those that were deleted without their data. */
export async function listVmNodes(
  api: KubeApi,
  cluster: ClusterRef,
  signal: AbortSignal,
): Promise<readonly NodeStatus[]> {
  const selector = {
    namespace: cluster.namespace,
    labelSelector: `${clusterSelector(cluster.name)},${labels.node},${labels.backend}=vm`,
    signal,
  }
  const known = (error: unknown): readonly KubeObject[] => {
    if (error instanceof KnestError && error.code === 'not-found') return []
    throw error
  }
  const [vms, vmis, claims] = await Promise.all([
    api.list(vmKind, selector).catch(known),
    api.list(vmiKind, selector).catch(known),
    api.list(volumeClaimKind, selector),
  ])
  const vmOf = byNode(vms)
  const disks = new Map(claims.map((claim) => [claim.metadata.name, claim]))
  const vmiOf = byNode(vmis)
  // Whatever is left of a node is the node: what shows least comes first and is overruled.
  const owners = new Map([...byNode(claims), ...vmiOf, ...vmOf])
  return Promise.all(
    [...owners].map(([name, owner]) =>
      nodeStatus(api, cluster, { name, owner, vm: vmOf.get(name), vmi: vmiOf.get(name), disks }, signal),
    ),
  )
}

function byNode(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((object) => [object.metadata.labels?.[labels.node] ?? '', object]))
}

interface Found {
  readonly name: string
  /** What says whose it is. */
  readonly owner: KubeObject
  readonly vm: KubeObject | undefined
  readonly vmi: KubeObject | undefined
  /** The claims that the cluster's VMs have, by name. */
  readonly disks: ReadonlyMap<string, KubeObject>
}

async function nodeStatus(
  api: KubeApi,
  cluster: ClusterRef,
  { name, owner, vm, vmi, disks }: Found,
  signal: AbortSignal,
): Promise<NodeStatus> {
  const { phase, ip, hostNode, startedAt, ...state } = vmState(vm, vmi)
  const isDiskGone = phase === 'pending' && isOnClaim(vm) && !disks.has(rootDisk(name))
  const gone = isDiskGone
    ? `its disk, claim "${rootDisk(name)}", is gone`
    : phase === 'pending' && vm !== undefined && (await isUserDataGone(api, cluster, name, signal))
      ? `its cloud-init Secret "${userdataSecret(name)}" is gone`
      : undefined
  const role = roleOf(owner)
  const port = role === 'control-plane' ? apiServerPort : kubeletPort
  return {
    name,
    role,
    pool: owner.metadata.labels?.[labels.pool] ?? 'worker',
    phase,
    // A VM without one of them never starts.
    abandoned: state.abandoned || gone !== undefined,
    diskGoing: disks.get(rootDisk(name))?.metadata.deletionTimestamp !== undefined,
    // The host looks at the SSH server only: knest asks for Kubernetes itself.
    ready: phase === 'running' && (await isListening(api, cluster, name, port, signal)),
    ip,
    startedAt,
    reason: gone ?? state.reason,
    hostObject: name,
    hostNode,
  }
}

/** It is read when a VM starts; what KubeVirt shows of one that waits for it is no more than that it is scheduled. */
async function isUserDataGone(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await api.get(secretKind, userdataSecret(node), namespace, signal)) === undefined
  } catch (error) {
    if (error instanceof KnestError && error.code === 'not-permitted') return false
    throw error
  }
}

/** A DataVolume is CDI's to fill again. */
function isOnClaim(vm: KubeObject | undefined): boolean {
  const { template } = (vm?.spec ?? {}) as {
    template?: { spec?: { volumes?: readonly { readonly persistentVolumeClaim?: object }[] } }
  }
  return template?.spec?.volumes?.some((volume) => volume.persistentVolumeClaim !== undefined) ?? false
}

export function roleOf({ metadata }: KubeObject): NodeRole {
  return metadata.labels?.[labels.role] === 'control-plane' ? 'control-plane' : 'worker'
}
