import { knestCommand } from '../../commands.js'
import type { ClusterInput, WorkerPoolInput } from '../schema.js'
import type { Path } from '../schema-problems.js'
import { unread } from './cluster-configuration.js'
import { patchedObjects, type Fields, type Patched } from './kubeadm-objects.js'
import { fromKubeletArguments } from './kubelet-arguments.js'
import type { Report } from './report.js'
import type { KindFile, KindNode } from './schema.js'
import { isRecord } from '../../values/index.js'

export interface Nodes {
  readonly controlPlane: NonNullable<ClusterInput['controlPlane']>
  readonly workers: readonly WorkerPoolInput[]
  /** As in `1.35.4`; undefined where no image says it. */
  readonly kubernetesVersion: string | undefined
  /** Fields of KubeletConfiguration that flags in patches ask for. */
  readonly kubelet: Fields
}

interface Wanted {
  readonly role: 'control-plane' | 'worker'
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly kubelet: Fields
}
type PortMapping = NonNullable<KindNode['extraPortMappings']>[number]
type Taint = NonNullable<WorkerPoolInput['taints']>[number]

/** Control planes, and workers that are alike as one pool: `worker`, `worker2`, … as kind names its nodes. */
export function nodesOf(file: KindFile, ofFile: Patched, report: Report): Nodes {
  const given: readonly KindNode[] = file.nodes?.length ? file.nodes : [{ role: 'control-plane' }]
  const wanted = given.map((node, index) => wantedOf(node, ['nodes', index], { file, ofFile, report }))
  const controlPlanes = wanted.filter(({ role }) => role === 'control-plane')
  const [first] = controlPlanes
  const differs = controlPlanes.findIndex((node) => !isLike(node, first))
  if (differs > 0) {
    report.lacks(
      ['nodes', given.map(({ role }) => role ?? 'control-plane').indexOf('control-plane', differs)],
      'control planes that differ in labels or taints',
      'give all of them the same',
    )
  }
  const labels = first?.labels ?? {}
  return {
    controlPlane: {
      count: controlPlanes.length,
      ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
    },
    workers: poolsOf(wanted.filter(({ role }) => role === 'worker')),
    kubernetesVersion: versionOf(given, report),
    kubelet: Object.assign({}, ...wanted.map(({ kubelet }) => kubelet)) as Fields,
  }
}

interface Around {
  readonly file: KindFile
  readonly ofFile: Patched
  readonly report: Report
}

function wantedOf(node: KindNode, path: Path, { file: { name }, ofFile, report }: Around): Wanted {
  const role = node.role ?? 'control-plane'
  for (const { hostPath = '', containerPath = '' } of node.extraMounts ?? []) {
    report.lacks(
      [...path, 'extraMounts'],
      `the mount of ${hostPath} on ${containerPath}: nodes run on the host cluster, not on this machine`,
      'put the files into an image or a volume, or into nodes by `spec.hostPatches` from a path of the host',
    )
  }
  for (const mapping of node.extraPortMappings ?? []) lackMapping(mapping, name, path, report)
  const own = patchedObjects(node, path, report)
  const registrations = [...registrationsIn(ofFile, role), ...registrationsIn(own, role)]
  let { labels = {} } = node
  const taints: Taint[] = []
  const kubelet: Record<string, unknown> = {}
  for (const { fields, at } of registrations) {
    unread(
      fields,
      ['kubeletExtraArgs', 'taints', 'ignorePreflightErrors', 'criSocket', 'name'],
      'nodeRegistration',
      at,
      report,
    )
    const said = fromKubeletArguments(fields.kubeletExtraArgs, at, report)
    labels = { ...labels, ...said.labels }
    Object.assign(kubelet, said.kubelet)
    if (Array.isArray(fields.taints)) taints.push(...(fields.taints as readonly Taint[]))
    if (role === 'control-plane' && Array.isArray(fields.taints) && fields.taints.length > 0)
      report.lacks(
        at,
        'taints of control planes',
        'they have the usual one where there are workers, and none else',
      )
  }
  for (const [kind, { path: at }] of own) {
    const isRead = kind === 'JoinConfiguration' || (kind === 'InitConfiguration' && role === 'control-plane')
    if (isRead) continue
    report.lacks(at, `${kind} of one node`, 'write it for the whole cluster: kubeadmConfigPatches at the top')
  }
  return { role, labels, taints: role === 'worker' ? taints : [], kubelet }
}

/** Nodes have no ports of this machine; a Service of the host has an address of its own, where the port is free. */
function lackMapping(
  { hostPort, containerPort, protocol = 'TCP' }: PortMapping,
  cluster: string | undefined,
  path: Path,
  report: Report,
): void {
  const suffix = protocol === 'TCP' ? '' : `/${protocol}`
  const service = `make a Service of type LoadBalancer${hostPort ? ` with port ${hostPort}${suffix}` : ''} in the nested cluster`
  const forwarded = knestCommand(
    'open',
    cluster ?? 'NAME',
    'svc/SERVICE',
    ...(hostPort ? ['--local-port', `${hostPort}`] : []),
  )
  report.lacks(
    [...path, 'extraPortMappings'],
    `port ${hostPort ?? ''}${suffix} of this machine for port ${containerPort ?? ''} of a node`,
    protocol === 'TCP' ? `${service}, or forward one by ${forwarded}` : service,
  )
}

/** A control plane is made by init or by join, which kind patches apart; here it is the same node. */
function registrationsIn(
  patched: Patched,
  role: Wanted['role'],
): readonly { readonly fields: Fields; readonly at: Path }[] {
  const kinds = role === 'worker' ? (['JoinConfiguration'] as const) : (['InitConfiguration'] as const)
  return kinds.flatMap((kind) => {
    const found = patched.get(kind)
    const registration = found?.fields.nodeRegistration
    return found !== undefined && isRecord(registration) ? [{ fields: registration, at: found.path }] : []
  })
}

function isLike(one: Wanted, other: Wanted | undefined): boolean {
  return likeness(one) === (other && likeness(other))
}

function likeness({ labels, taints }: Wanted): string {
  return JSON.stringify([Object.entries(labels).sort(), taints])
}

function poolsOf(workers: readonly Wanted[]): readonly WorkerPoolInput[] {
  const groups = new Map<string, Wanted[]>()
  for (const worker of workers)
    groups.set(likeness(worker), [...(groups.get(likeness(worker)) ?? []), worker])
  return [...groups.values()].map((alike, index) => {
    const [{ labels, taints }] = alike as [Wanted]
    return {
      name: index === 0 ? 'worker' : `worker${index + 1}`,
      count: alike.length,
      ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
      ...(taints.length > 0 && { taints: [...taints] }),
    }
  })
}

/** The tag of kind's node images is the version of Kubernetes in them. */
function versionOf(nodes: readonly KindNode[], report: Report): string | undefined {
  const versions = nodes.flatMap(({ image }, index) => {
    if (image === undefined) return []
    const path = ['nodes', index, 'image']
    const version = /:v?(\d+\.\d+\.\d+)(@sha256:[0-9a-f]{64})?$/.exec(image)?.[1]
    if (version === undefined) {
      report.lacks(
        path,
        `image "${image}", which does not name a version`,
        'set kubernetesVersion by --kubernetes-version, and knest’s node image by --image',
      )
      return []
    }
    report.warn(path, `image "${image}" is kind's: the nodes get knest's own of Kubernetes ${version}`)
    return [{ version, path }]
  })
  const [first] = versions
  const other = versions.find(({ version }) => version !== first?.version)
  if (other !== undefined)
    report.lacks(
      other.path,
      `nodes of several versions, ${first?.version ?? ''} and ${other.version}`,
      'give all nodes one version',
    )
  return first?.version
}
