import { clusterCommand, kubectlCommand } from '../commands.js'
import type { BackendName, ClusterRecord } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'
import type { Reason } from '../reasons.js'
import { mebibytes } from '../etcd/index.js'
import { scaleCommand } from '../phases/index.js'
import type { Observed } from './conditions.js'

interface Row {
  readonly pattern: RegExp
  /** Of nodes of one backend only; absent: of any. */
  readonly backend?: BackendName
  readonly reason: Reason
  readonly cure: (observed: Observed, node: string) => string
}

const makeRoom = (): string => 'make room on the host, or bring its nodes back: it starts by itself then'
const joinAgain = ({ record }: Observed): string =>
  `when its pod is back on an empty disk, the controller or ${clusterCommand('heal', record)} joins it again`

/** Why a node does not run, in the host's words, and what helps; the first row that fits counts. */
const rows: readonly Row[] = [
  {
    // kubelet's words of a node pod with its `--…-rootfs-size`
    pattern: /Usage of EmptyDir volume "disk" exceeds the limit/,
    reason: 'NodeEvicted',
    cure: (observed) =>
      `its disk was full: give nodes a larger --…-machine-rootfs-size, in a worker pool or a cluster that is new, or write less there; ${joinAgain(observed)}`,
  },
  {
    pattern: /Evicted|ephemeral-storage|low on resource|DiskPressure/i,
    reason: 'NodeEvicted',
    cure: (observed) => `its host node had no room left: make room there; ${joinAgain(observed)}`,
  },
  {
    pattern: /persistentvolumeclaim "[^"]+" not found|ErrorPvcNotFound|DataVolumeError/,
    backend: 'vm',
    reason: 'VmDiskMissing',
    cure: ({ record }) =>
      `see which claim is missing: ${kubectlCommand('get', 'pvc,dv', '-n', record.namespace)}; what was on it is lost, and ${scaleCommand(record)} replaces the node`,
  },
  {
    pattern: /^its disk, .* is gone$/,
    backend: 'vm',
    reason: 'VmDiskMissing',
    cure: ({ record }) =>
      `what was on it is lost; the controller or ${clusterCommand('heal', record)} makes the node again`,
  },
  {
    pattern: /^its cloud-init Secret .* is gone$/,
    backend: 'vm',
    reason: 'VmSecretMissing',
    cure: ({ record }) => `the controller or ${clusterCommand('heal', record)} makes it again`,
  },
  {
    pattern: /unbound immediate PersistentVolumeClaims|persistentvolumeclaim "[^"]+" not found/,
    reason: 'ClaimPending',
    cure: ({ record }) => `see why: ${kubectlCommand('describe', 'pvc', '-n', record.namespace)}`,
  },
  {
    pattern: /ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull/,
    backend: 'vm',
    reason: 'VmImageMissing',
    cure: () => 'it starts by itself when its host node can pull that image',
  },
  {
    pattern: /ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull/,
    reason: 'NodeImageMissing',
    cure: () => 'it starts by itself when its host node can pull that image',
  },
  {
    pattern: /devices\.kubevirt\.io\/kvm/,
    reason: 'NoKvm',
    cure: () =>
      `use hosts with hardware virtualization, or see which nodes have it: ${kubectlCommand('get', 'nodes', '-o', 'custom-columns=NAME:.metadata.name,KVM:.status.allocatable.devices\\.kubevirt\\.io/kvm')}`,
  },
  {
    pattern: /was stopped/,
    backend: 'vm',
    reason: 'VmStopped',
    cure: ({ record }) =>
      `the controller or ${clusterCommand('heal', record)} starts it again; ${clusterCommand('pause', record)} stops a persistent cluster for longer`,
  },
  {
    pattern: /scaled to 0|was stopped/,
    reason: 'NodeStopped',
    cure: ({ record }) =>
      `the controller or ${clusterCommand('heal', record)} starts it again; ${clusterCommand('pause', record)} stops a persistent cluster for longer`,
  },
  {
    pattern: /Unschedulable|Insufficient|untolerated taint/i,
    backend: 'vm',
    reason: 'VmUnschedulable',
    cure: makeRoom,
  },
  { pattern: /Insufficient|Too many pods/i, reason: 'NoRoom', cure: makeRoom },
  {
    pattern: /untolerated taint/i,
    reason: 'TaintNotTolerated',
    cure: () =>
      `take the taint away (${kubectlCommand('describe', 'nodes')} shows them), or give the nodes a toleration in spec.hostPatches: it starts by itself then`,
  },
  {
    pattern: /didn't match/i,
    reason: 'SelectorMatchesNone',
    cure: () =>
      `give a host node the labels that are asked for (${kubectlCommand('get', 'nodes', '--show-labels')}), or change the selector in spec.hostPatches: it starts by itself then`,
  },
  { pattern: /Unschedulable/i, reason: 'NoSchedulableNode', cure: makeRoom },
  {
    pattern: /has no address yet/,
    reason: 'VmWithoutAddress',
    cure: ({ record }) =>
      `see the events of its pod and the network of the host: ${kubectlCommand('get', 'events', '-n', record.namespace)}`,
  },
  {
    pattern: /SSH server does not answer/,
    reason: 'VmSilent',
    cure: ({ record }, node) => `see its console: \`virtctl console ${node} -n ${record.namespace}\``,
  },
  {
    pattern: /./,
    backend: 'vm',
    reason: 'VmStarting',
    cure: ({ record }, node) =>
      `see what KubeVirt says of it: ${kubectlCommand('describe', 'vmi', node, '-n', record.namespace)}`,
  },
  { pattern: /^/, reason: 'NodePending', cure: () => 'it starts by itself when the host can run it' },
]

/** What keeps a node from running. */
function rowFor(reason: string, backend: BackendName): Row {
  const found = rows.find((row) => row.pattern.test(reason) && (row.backend ?? backend) === backend)
  if (found === undefined) throw new Error('the last row fits all')
  return found
}

/** Nodes that the host has and does not run. Of several control planes etcd tells. Pure. */
export function standingNodes(observed: Observed, isTold: boolean): readonly Problem[] {
  const { record, hostNodes, nodes } = observed
  if (record.phase === 'Paused' || record.phase === 'Kept') return []
  return hostNodes.flatMap(({ name, phase }) => {
    const node = nodes.find((each) => each.name === name)
    const isStanding = (phase === 'pending' || phase === 'failed') && node?.hostObject !== undefined
    if (!isStanding || (isTold && node.role === 'control-plane')) return []
    const reason = node.reason ?? phase
    const row = rowFor(reason, node.backend)
    return [
      warning(
        aboutNode(row.reason, name),
        `node "${name}" does not run: ${reason}`,
        row.cure(observed, name),
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
      { reason: 'DiskFull' },
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
      { reason: 'DiskGoing', object: `cluster/${record.name}` },
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
            aboutNode(trouble.includes('knest did not make') ? 'ContainerBeside' : 'NodeOutOfMemory', name),
            `the pod of node "${name}": ${trouble}`,
            trouble.includes('knest did not make')
              ? `an admission webhook of the host added that container: have it leave namespace "${namespace}" alone, or mend the container`
              : 'give it less to do, or more memory: a worker in a new pool, a control plane in a new cluster',
          ),
        ],
  )
}

export function warning(about: About, message: string, hint: string): Problem {
  return { ...about, message, hint, severity: 'warning' }
}

export type About = Pick<Problem, 'reason' | 'object'>

export function aboutNode(reason: Reason, name: string): About {
  return { reason, object: `node/${name}` }
}
