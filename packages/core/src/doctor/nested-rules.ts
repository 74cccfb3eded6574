import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { vxlanOverhead } from '../network/vxlan.js'
import type { Reason } from '../reasons.js'
import { slowMs } from './host-rules.js'
import { lostWorkloads } from './lost-workloads.js'
import { named, type Named } from './named.js'
import type { NodeServices } from './node-services.js'
import type { JudgedCluster } from './snapshot.js'

type Rule = (cluster: JudgedCluster) => readonly Named[]

/** What nodes and nested API say of a cluster that should run. Each is pure. */
export const nestedRules: readonly Rule[] = [
  services,
  processes,
  startsNothing,
  tunnels,
  deadParts,
  notReady,
  workloads,
  lostWorkloads,
  slowApi,
  certificates,
  kubeconfig,
]

const onNode = (record: ClusterRecord, node: string, ...words: readonly string[]): string =>
  clusterCommand('ssh', record, node, '--', ...words)
const kubectl = (record: ClusterRecord, ...words: readonly string[]): string =>
  clusterCommand('shell', record, '--', 'kubectl', ...words)

/** A disk on which nothing was set up has no kubelet to run. */
function services({ facts: { record, looks }, services: all }: JudgedCluster): readonly Named[] {
  return [...all].flatMap(([name, node]) => {
    if (looks.emptyDisks.has(name)) return []
    const down = (reason: Reason, unit: string, state: string | undefined, said = ''): Named =>
      named(
        reason,
        `node/${name}`,
        `${unit} ${state === 'active' ? 'runs and does not answer' : `is ${state ?? 'not there'}`}${said === '' ? '' : `; it said last: ${said}`}`,
        `start it anew: ${onNode(record, name, 'systemctl', 'restart', unit)}`,
      )
    return [
      ...(isUp(node.containerd, node.containerdAnswers)
        ? []
        : [down('ContainerdDown', 'containerd', node.containerd)]),
      ...(isUp(node.kubelet, node.kubeletHealthy)
        ? []
        : [down('KubeletDown', 'kubelet', node.kubelet, node.kubeletSaid)]),
    ]
  })
}

function isUp(state: string | undefined, answers: boolean): boolean {
  return (state === 'active' || state === undefined) && answers
}

/** From here on the next busy moment fails. */
const nearlyAll = 0.9

function processes({ facts: { record }, services: all }: JudgedCluster): readonly Named[] {
  const near = [...all].flatMap(([name, { processes: found }]) =>
    found !== undefined && found.used >= found.limit * nearlyAll ? [{ name, ...found }] : [],
  )
  const [first] = near
  if (first === undefined) return []
  const names = near.map(({ name }) => `"${name}"`).join(', ')
  return [
    named(
      'ProcessLimit',
      `node/${first.name}`,
      `${first.used} of at most ${first.limit} processes and threads are there for ${names}`,
      `raise the limit on the host nodes (podPidsLimit of their kubelet, kernel.pid_max, kernel.threads-max), or run less; see what runs: ${onNode(record, first.name, 'ps', '-ef')}`,
    ),
  ]
}

/** By which a runtime says that the kernel gave a command no process or no memory; "procReady" is runc's. */
const noRoom = /procReady not received|resource temporarily unavailable|cannot allocate memory/i

function startsNothing({ facts: { record, looks } }: JudgedCluster): readonly Named[] {
  return [...looks.silent].flatMap(([name, said]) => {
    const [words = ''] = noRoom.exec(said) ?? []
    const what = `no command can be started in it: ${words}`
    const hint = `raise the limit of processes (podPidsLimit of the host nodes' kubelet) or the memory of the node, or delete pods that run there: ${kubectl(record, 'get', 'pods', '-A', '--field-selector', `spec.nodeName=${name}`)}`
    return words === '' ? [] : [named('ProcessLimit', `node/${name}`, what, hint)]
  })
}

const vxlanDevices = ['flannel.1', 'vxlan.calico']

function tunnels({ facts: { record }, services: all }: JudgedCluster): readonly Named[] {
  return [...all].flatMap(([name, { mtus }]) => {
    const below = [...mtus].find(([device]) => /^e(th|n)/.test(device))
    const tunnel = [...mtus].find(([device]) => vxlanDevices.includes(device))
    if (below === undefined || tunnel === undefined || tunnel[1] + vxlanOverhead <= below[1]) return []
    return [
      named(
        'MtuTooLarge',
        `node/${name}`,
        `its tunnel ${tunnel[0]} has an MTU of ${tunnel[1]}, and ${below[0]} below it one of ${below[1]}, which leaves ${below[1] - vxlanOverhead}`,
        `raise the MTU of the host pod network to what it was, or give the network plugin ${below[1] - vxlanOverhead}: ${kubectl(record, 'get', 'configmaps', '-A')}`,
      ),
    ]
  })
}

const config = '/etc/kubernetes/knest-kubeadm.yaml'

/** Without one of these the parts behind it on the same node end, too. */
const bearing = ['etcd', 'kube-apiserver']

function deadParts({ facts: { record }, lastWords, services: all }: JudgedCluster): readonly Named[] {
  const bears = (node: string): string | undefined =>
    bearing.find((part) => lastWords.some((other) => other.node === node && other.part === part))
  return lastWords
    .filter(({ part, node }) => part === (bears(node) ?? part))
    .map(({ part, node, said }) =>
      named(
        'StaticPodCrashes',
        `node/${node}`,
        `${part} does not run; it said last: ${said}`,
        `${part === 'etcd' ? 'correct its manifest' : `have its manifest made as it was: ${rewrite(record, node, part, all.get(node))}`}; a setting of spec.kubernetes is corrected by an apply; see: ${onNode(record, node, 'cat', `/etc/kubernetes/manifests/${part}.yaml`)}`,
      ),
    )
}

function rewrite(record: ClusterRecord, node: string, part: string, found: NodeServices | undefined): string {
  const phase =
    found?.setUpBy === 'join'
      ? ['join', 'phase', 'control-plane-prepare', 'control-plane']
      : ['init', 'phase', 'control-plane', part.replace(/^kube-/, '')]
  return onNode(record, node, 'kubeadm', ...phase, '--config', config)
}

/** What kubelet says, and what that means; the first row that fits counts. */
const readings: readonly (readonly [pattern: RegExp, Reason])[] = [
  [
    /cni plugin not initialized|network plugin (is not ready|returns error)|NetworkPluginNotReady/i,
    'NetworkPluginMissing',
  ],
  [
    /container runtime (is down|status check)|PLEG is not healthy|runtime network not ready.*containerd/i,
    'ContainerdDown',
  ],
  [/Kubelet stopped posting node status|Kubelet never posted/i, 'KubeletDown'],
  [/^/, 'NodeNotReady'],
]

/** Nodes that run and have joined, and are not Ready all the same. */
function notReady({ facts, observed: { nodes }, workloads: found = [] }: JudgedCluster): readonly Named[] {
  const { record, hostNodes, looks } = facts
  const plugin = found.find((each) => parts[`${each.kind}/${each.metadata.name}`] === 'NetworkDown')?.metadata
  const anew =
    plugin === undefined
      ? ''
      : `; have it set up anew: ${kubectl(record, 'rollout', 'restart', 'daemonset', plugin.name, '-n', plugin.namespace ?? '')}`
  return nodes.flatMap(({ name, status, version, reason = 'it does not say why' }) => {
    const runs = hostNodes.some((node) => node.name === name && node.phase === 'running')
    if (status !== 'NotReady' || version === undefined || !runs || looks.emptyDisks.has(name)) return []
    const read = readings.find(([pattern]) => pattern.test(reason))?.[1] ?? 'NodeNotReady'
    const cures: Partial<Record<Reason, string>> = {
      NetworkPluginMissing: `see its pods: ${kubectl(record, 'get', 'pods', '-A', '-o', 'wide', '--field-selector', `spec.nodeName=${name}`)}${anew}`,
      ContainerdDown: `start it anew: ${onNode(record, name, 'systemctl', 'restart', 'containerd')}`,
      KubeletDown: `start it anew: ${onNode(record, name, 'systemctl', 'restart', 'kubelet')}`,
    }
    return [
      named(
        read,
        `node/${name}`,
        `is not Ready: ${reason}`,
        cures[read] ?? `see what is the matter: ${kubectl(record, 'describe', 'node', name)}`,
      ),
    ]
  })
}

interface Workload {
  readonly spec?: { readonly replicas?: number }
  readonly status?: {
    readonly availableReplicas?: number
    readonly desiredNumberScheduled?: number
    readonly numberReady?: number
  }
}

const parts: Readonly<Record<string, Reason>> = {
  'Deployment/coredns': 'DnsDown',
  'Deployment/local-path-provisioner': 'StorageDown',
  'DaemonSet/kube-proxy': 'ProxyDown',
  'DaemonSet/kube-flannel-ds': 'NetworkDown',
  'DaemonSet/calico-node': 'NetworkDown',
  'DaemonSet/cilium': 'NetworkDown',
}

function workloads(cluster: JudgedCluster): readonly Named[] {
  const { facts, observed, workloads: found = [] } = cluster
  const unready = observed.nodes.filter(({ ready }) => !ready).length
  return found.flatMap((object) => {
    const reason = parts[`${object.kind}/${object.metadata.name}`]
    return reason === undefined ? [] : ofWorkload(facts.record, object, reason, unready)
  })
}

function ofWorkload(
  record: ClusterRecord,
  object: KubeObject,
  reason: Reason,
  unready: number,
): readonly Named[] {
  const { kind, metadata } = object
  const { name, namespace = '' } = metadata
  const { spec, status = {} } = object as unknown as Workload
  const about = `${kind.toLowerCase()}/${name}`
  if (kind === 'Deployment') {
    if ((status.availableReplicas ?? 0) > 0) return []
    const isOff = spec?.replicas === 0
    const cure = isOff
      ? `bring it back: ${kubectl(record, 'scale', 'deployment', name, '-n', namespace, '--replicas', reason === 'DnsDown' ? '2' : '1')}`
      : `see why: ${kubectl(record, 'describe', 'deployment', name, '-n', namespace)}; start it anew: ${kubectl(record, 'rollout', 'restart', 'deployment', name, '-n', namespace)}`
    return [named(reason, about, isOff ? 'it was scaled to 0' : 'none of its pods is available', cure)]
  }
  const { desiredNumberScheduled: wanted = 0, numberReady = 0 } = status
  // Where a node is not Ready its pods are not, and that is said of the node.
  if (wanted > 0 && wanted - numberReady <= unready) return []
  return [
    named(
      reason,
      about,
      wanted === 0 ? 'it is to run on no node' : `it is ready on ${numberReady} of ${wanted} nodes`,
      wanted === 0
        ? `see its nodeSelector: ${kubectl(record, 'get', 'daemonset', name, '-n', namespace, '-o', 'yaml')}`
        : `see why: ${kubectl(record, 'describe', 'daemonset', name, '-n', namespace)}; start it anew: ${kubectl(record, 'rollout', 'restart', 'daemonset', name, '-n', namespace)}`,
    ),
  ]
}

function slowApi({ facts: { record }, answerMs = 0 }: JudgedCluster): readonly Named[] {
  if (answerMs < slowMs) return []
  return [
    named(
      'ApiSlow',
      undefined,
      `the API server of the cluster needs ${(answerMs / 1000).toFixed(1)} s for its quickest answer`,
      `give its control planes more CPU or a faster disk; see what is slow: ${kubectl(record, 'get', '--raw', '/readyz?verbose')}`,
    ),
  ]
}

/** Those that end soon are told of by the status. */
function certificates({ facts: { record, certificates: found, now } }: JudgedCluster): readonly Named[] {
  const { certificates: leaves = [], authorities = [] } = found.value ?? {}
  const all = [...leaves, ...authorities.map((authority) => ({ ...authority, node: undefined }))]
  const over = all.filter(({ expires }) => Date.parse(expires) <= now.getTime())
  const [first] = over
  if (first === undefined) return []
  const names = over.map(({ name, node }) => `"${name}"${node === undefined ? '' : ` of "${node}"`}`)
  return [
    named(
      'CertificatesExpired',
      undefined,
      `${over.length === 1 ? 'a certificate has ended' : `${over.length} certificates have ended`}: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}, ${first.expires}`,
      `renew with ${clusterCommand('certs', record, '--renew')}`,
    ),
  ]
}

/** One that is not what this knest would write now. */
function kubeconfig({ facts: { record, now }, kubeconfig: found }: JudgedCluster): readonly Named[] {
  if (found === undefined) return []
  const { local, authority, urls } = found
  const fault =
    local.authority?.trim() !== authority.trim()
      ? 'is of another cluster of the same name'
      : local.expires !== undefined && Date.parse(local.expires) <= now.getTime()
        ? `has a certificate that ended at ${local.expires}`
        : isElsewhere(local.server, urls)
          ? `leads to ${local.server ?? 'nowhere'}, where the API of the cluster is no longer (it is at ${urls.join(', ')})`
          : undefined
  if (fault === undefined) return []
  return [
    named(
      'KubeconfigStale',
      undefined,
      `the kubeconfig file of this machine ${fault}`,
      `write it anew: ${clusterCommand('kubeconfig', record, '--merge')}`,
    ),
  ]
}

/** By a name it may be reached in ways that the host does not know. */
function isElsewhere(server: string | undefined, urls: readonly string[]): boolean {
  const isAddress = /^https:\/\/(\d|\[)/.test(server ?? '')
  return isAddress && urls.length > 0 && !urls.includes(server ?? '')
}
