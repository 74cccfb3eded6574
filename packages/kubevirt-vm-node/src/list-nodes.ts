import { volumeClaimKind, clusterSelector, KnestError, labels, unlessForbidden } from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject, NodeRole, NodeStatus } from '@knest/core'
import { dataVolumeKind, vmiKind, vmKind } from './kubevirt.js'
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
  const gone = phase === 'pending' && vm !== undefined ? await whatIsGone(api, vm, disks, signal) : undefined
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

/** What a VM that does not run cannot start without, and nobody but knest would make again. */
async function whatIsGone(
  api: KubeApi,
  { metadata: { name, namespace }, spec }: KubeObject,
  disks: ReadonlyMap<string, KubeObject>,
  signal: AbortSignal,
): Promise<string | undefined> {
  // What may not be seen is not taken for gone.
  const isAbsent = async (kind: KindRef, object: string): Promise<boolean> =>
    (await api
      .get(kind, object, namespace, signal)
      .then((found) => found === undefined)
      .catch(unlessForbidden)) ?? false
  const disk = rootDisk(name)
  const { template } = (spec ?? {}) as { template?: { spec?: { volumes?: readonly Volume[] } } }
  const volumes = template?.spec?.volumes ?? []
  if (!disks.has(disk)) {
    if (volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined))
      return `its disk, claim "${disk}", is gone`
    // As long as there is a DataVolume, CDI makes its claim.
    const isOfCdi = volumes.some(({ dataVolume }) => dataVolume !== undefined)
    if (isOfCdi && (await isAbsent(dataVolumeKind, disk))) return `its disk, DataVolume "${disk}", is gone`
  }
  // What KubeVirt shows of a VM that waits for it is no more than that it is scheduled.
  const secret = userdataSecret(name)
  return (await isAbsent(secretKind, secret)) ? `its cloud-init Secret "${secret}" is gone` : undefined
}

interface Volume {
  readonly persistentVolumeClaim?: object
  readonly dataVolume?: object
}

export function roleOf({ metadata }: KubeObject): NodeRole {
  return metadata.labels?.[labels.role] === 'control-plane' ? 'control-plane' : 'worker'
}
