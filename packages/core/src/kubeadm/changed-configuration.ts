import type { ClusterSpec } from '../contracts/cluster.js'
import { isRecord } from '../values/index.js'
import { yamlText } from '../yaml-text.js'
import { clusterConfiguration, kubeProxyConfiguration, type KubeadmInput } from './config.js'
import { settingsIn, type KeptConfiguration, type Settings } from './kept-configuration.js'
import { keptKubeletConfiguration } from './kubelet-config.js'
import { withChange } from './with-change.js'

type Input = Pick<KubeadmInput, 'ref' | 'spec' | 'node' | 'addresses' | 'cgroupDriver' | 'timeoutFactor'>
type Parts = Readonly<Record<keyof KeptConfiguration, Settings>>

/** What knest would write of a spec where nobody else had written anything. */
function ownConfiguration(input: Input): Parts {
  return {
    cluster: clusterConfiguration(input),
    kubelet: keptKubeletConfiguration(undefined, input.spec, input.cgroupDriver),
    proxy: kubeProxyConfiguration(input.spec),
  }
}

/**
 * What the cluster keeps, or a node has, with the settings of `input.spec` in place of those of the specs before.
 * What is not there, and what cannot be read, stays as it is. Pure.
 */
export function changedConfiguration(
  kept: KeptConfiguration,
  before: readonly ClusterSpec[],
  input: Input,
): KeptConfiguration {
  const to = ownConfiguration(input)
  const froms = before.map((spec) => ownConfiguration({ ...input, spec }))
  const changed = (part: keyof KeptConfiguration): string | undefined => {
    const text = kept[part]
    const found = settingsIn(text)
    if (found === undefined) return text
    const after = froms.reduce<unknown>((now, from) => withChange(now, from[part], to[part]), found)
    return isRecord(after) && JSON.stringify(after) !== JSON.stringify(found) ? yamlText(after) : text
  }
  return { cluster: changed('cluster'), kubelet: changed('kubelet'), proxy: changed('proxy') }
}

/** Names that come into the API server's certificate, and those that go from it. Pure. */
export function changedNames(
  before: readonly ClusterSpec[],
  input: Input,
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  const namesOf = (spec: ClusterSpec): readonly string[] => {
    const { apiServer } = clusterConfiguration({ ...input, spec }) as {
      readonly apiServer: { readonly certSANs: readonly string[] }
    }
    return apiServer.certSANs
  }
  const to = namesOf(input.spec)
  const from = before.flatMap(namesOf)
  return {
    added: to.filter((name) => before.some((spec) => !namesOf(spec).includes(name))),
    removed: [...new Set(from.filter((name) => !to.includes(name)))],
  }
}
