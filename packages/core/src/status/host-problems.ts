import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import { mebibytes } from '../etcd/index.js'
import type { Observed } from './conditions.js'

/** Why a node does not run, in the host's words, and what helps; the first row that fits counts. */
const cures: readonly { readonly pattern: RegExp; readonly cure: (observed: Observed) => string }[] = [
  {
    // kubelet's words of a node pod with its `--…-rootfs-size`
    pattern: /Usage of EmptyDir volume "disk" exceeds the limit/,
    cure: ({ record }) =>
      `its disk was full: give nodes a larger --…-machine-rootfs-size, in a worker pool or a cluster that is new, or write less there; when its pod is back on an empty disk, the controller or ${clusterCommand('heal', record)} joins it again`,
  },
  {
    pattern: /Evicted|ephemeral-storage|low on resource|DiskPressure/i,
    cure: ({ record }) =>
      `its host node had no room left: make room there; when its pod is back on an empty disk, the controller or ${clusterCommand('heal', record)} joins it again`,
  },
  {
    pattern: /ErrImagePull|ImagePullBackOff|InvalidImageName/,
    cure: () => 'it starts by itself when its host node can pull that image',
  },
  {
    pattern: /scaled to 0|was stopped/,
    cure: ({ record }) =>
      `the controller or ${clusterCommand('heal', record)} starts it again; ${clusterCommand('pause', record)} stops a persistent cluster for longer`,
  },
  {
    pattern: /Unschedulable|Insufficient|didn't match|untolerated taint/i,
    cure: () => 'make room on the host, or bring its nodes back: it starts by itself then',
  },
]

/** Nodes that the host has and does not run. Of several control planes etcd tells. Pure. */
export function standingNodes(observed: Observed, isTold: boolean): readonly Problem[] {
  const { record, hostNodes, nodes } = observed
  if (record.phase === 'Paused' || record.phase === 'Kept') return []
  return hostNodes.flatMap(({ name, phase }) => {
    const node = nodes.find((each) => each.name === name)
    const isStanding = (phase === 'pending' || phase === 'failed') && node?.hostObject !== undefined
    if (!isStanding || (isTold && node.role === 'control-plane')) return []
    const reason = node.reason ?? phase
    const cure = cures.find(({ pattern }) => pattern.test(reason))?.cure
    return [
      warning(
        `node "${name}" does not run: ${reason}`,
        cure?.(observed) ?? 'it starts by itself when the host can run it',
      ),
    ]
  })
}

/** Pods of one host node share its disk. */
export function diskProblems({ fullDisks = new Map() }: Observed): readonly Problem[] {
  const [room] = [...fullDisks.values()]
  if (room === undefined) return []
  const names = [...fullDisks.keys()].map((name) => `"${name}"`).join(', ')
  return [
    warning(
      `the disk of ${names} is full: ${mebibytes(room.free)} of ${mebibytes(room.size)} are free`,
      'make room where that disk is: a pod node has that of its host node',
    ),
  ]
}

/** Nodes whose disk stays only as long as they have it in use. */
export function goingDisks({ record, hostNodes }: Observed): readonly Problem[] {
  const names = hostNodes.filter(({ diskGoing }) => diskGoing === true).map(({ name }) => `"${name}"`)
  if (names.length === 0) return []
  return [
    warning(
      `the disk of ${names.join(', ')} was deleted, and stays only while its node runs`,
      diskGoingHint(record),
    ),
  ]
}

/** Nothing takes a deletion back. etcd has its data where more control planes are, files on other nodes nobody else has. */
export function diskGoingHint(record: ClusterRecord): string {
  const others =
    record.spec.controlPlane.count < 3
      ? `have other control planes take over what the cluster knows: ${clusterCommand('scale', record, '3:')}; `
      : ''
  return `${others}save what you need of its other files before the node stops: a new one in its place begins on an empty disk`
}

/** What is wrong with pods of nodes that run. */
export function podTroubles({ record: { namespace }, hostNodes }: Observed): readonly Problem[] {
  return hostNodes.flatMap(({ name, phase, trouble }) =>
    trouble === undefined || phase !== 'running'
      ? []
      : [
          warning(
            `the pod of node "${name}": ${trouble}`,
            trouble.includes('knest did not make')
              ? `an admission webhook of the host added that container: have it leave namespace "${namespace}" alone, or mend the container`
              : 'give it less to do, or more memory: a worker in a new pool, a control plane in a new cluster',
          ),
        ],
  )
}

export function warning(message: string, hint: string): Problem {
  return { message, hint, severity: 'warning' }
}
