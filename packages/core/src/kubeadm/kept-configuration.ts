import { parseDocument } from 'yaml'
import type { ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'

/**
 * What kubeadm keeps of its configuration in the cluster, as YAML. Users change it there, and kubeadm reads it again
 * at each upgrade. Undefined: the cluster has no such object.
 */
export interface KeptConfiguration {
  /** ClusterConfiguration, with the flags of static pods. */
  readonly cluster?: string | undefined
  /** KubeletConfiguration of all nodes. */
  readonly kubelet?: string | undefined
  /** KubeProxyConfiguration. */
  readonly proxy?: string | undefined
}

/** Where it is: ConfigMaps of kube-system, and the key in each. */
export const keptIn = {
  cluster: { name: 'kubeadm-config', key: 'ClusterConfiguration' },
  kubelet: { name: 'kubelet-config', key: 'kubelet' },
  proxy: { name: 'kube-proxy', key: 'config.conf' },
} as const satisfies Record<keyof KeptConfiguration, { readonly name: string; readonly key: string }>

export type ConfigMaps = Readonly<Record<keyof KeptConfiguration, KubeObject | undefined>>

export function keptConfiguration(configMaps: ConfigMaps): KeptConfiguration {
  const text = (part: keyof KeptConfiguration): string | undefined => {
    const { data } = (configMaps[part] ?? {}) as { data?: Readonly<Record<string, string>> }
    return data?.[keptIn[part].key]
  }
  return { cluster: text('cluster'), kubelet: text('kubelet'), proxy: text('proxy') }
}

export type Settings = Readonly<Record<string, unknown>>

/** The mapping a text is; undefined when it is none, so that nobody takes half of it. */
export function settingsIn(text: string | undefined): Settings | undefined {
  if (text === undefined) return undefined
  const document = parseDocument(text)
  if (document.errors.length > 0) return undefined
  const value: unknown = document.toJS()
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'kind' in value
    ? value
    : undefined
}

/** What is against an upgrade by what the cluster keeps, in words. Pure. */
export function keptFaults(kept: KeptConfiguration, { network }: ClusterSpec): readonly string[] {
  const unreadable = (Object.keys(keptIn) as (keyof KeptConfiguration)[])
    .filter((part) => kept[part] !== undefined && settingsIn(kept[part]) === undefined)
    .map((part) => `key "${keptIn[part].key}" of ConfigMap "kube-system/${keptIn[part].name}" cannot be read`)
  const cluster = settingsIn(kept.cluster)
  if (cluster === undefined) return unreadable
  const networking = (cluster.networking ?? {}) as Settings
  const fixed = [
    ['podSubnet', network.podNetworkCidr.join(',')],
    ['serviceSubnet', network.serviceCidr.join(',')],
    ['dnsDomain', network.dnsDomain],
  ] as const
  const moved = fixed.filter(([name, made]) => networking[name] !== undefined && networking[name] !== made)
  return [
    ...unreadable,
    ...moved.map(
      ([name, made]) =>
        `ConfigMap "kube-system/kubeadm-config" has ${name} "${String(networking[name])}", the cluster was made with "${made}"`,
    ),
  ]
}
