import { clusterCommand } from '../commands.js'
import { named, type Named } from './named.js'
import type { JudgedCluster } from './snapshot.js'

const parts = [
  { kind: 'Deployment', name: 'coredns', reason: 'DnsDown' },
  { kind: 'DaemonSet', name: 'kube-proxy', reason: 'ProxyDown' },
] as const

/**
 * What was deleted while its settings stayed: who does without it takes both away, and an upgrade goes by that, too.
 * Pure.
 */
export function lostWorkloads(cluster: JudgedCluster): readonly Named[] {
  const { workloads: found = [], facts } = cluster
  const has = (kind: string, name: string): boolean =>
    found.some((each) => each.kind === kind && each.metadata.name === name)
  return parts.flatMap(({ kind, name, reason }) => {
    if (has(kind, name) || !has('ConfigMap', name)) return []
    const node = facts.hostNodes.find(({ role, phase }) => role === 'control-plane' && phase === 'running')
    const at = node?.name ?? `${facts.record.name}-cp-0`
    return [
      named(
        reason,
        `${kind.toLowerCase()}/${name}`,
        `it was deleted, and its ConfigMap is there`,
        `make it anew: ${clusterCommand('ssh', facts.record, at, '--', 'sh', '-c', madeAnew(name))}; where the cluster shall do without, delete ConfigMap "${name}" in namespace kube-system, too`,
      ),
    ]
  })
}

/** By kubeadm, with the settings that the cluster keeps: its own file has them only where kubeadm began. */
function madeAnew(name: string): string {
  const read = (map: string, key: string): string =>
    `kubectl --kubeconfig /etc/kubernetes/admin.conf get configmap -n kube-system ${map} -o "jsonpath={.data.${key}}"`
  const settings = [
    read('kubeadm-config', 'ClusterConfiguration'),
    'echo ---',
    ...(name === 'kube-proxy' ? [read('kube-proxy', String.raw`config\.conf`)] : []),
  ]
  return `{ ${settings.join(' && ')}; } >/tmp/addon.yaml && kubeadm init phase addon ${name} --config /tmp/addon.yaml`
}
