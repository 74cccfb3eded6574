import type { ComponentSettings, KubernetesSettings, NameAndValue } from '../contracts/kubernetes-settings.js'
import type { Settings } from './kept-configuration.js'
import { isRecord } from '../values/index.js'

/** A component's part of ClusterConfiguration: flags that a user gives go in place of knest's. */
export function componentPart(
  own: readonly NameAndValue[],
  { extraArgs = [], extraEnvs = [], extraVolumes = [] }: ComponentSettings = {},
): Settings {
  const flags = [...own.filter(({ name }) => extraArgs.every((flag) => flag.name !== name)), ...extraArgs]
  return {
    ...(flags.length === 0 ? {} : { extraArgs: flags }),
    ...(extraEnvs.length === 0 ? {} : { extraEnvs }),
    ...(extraVolumes.length === 0 ? {} : { extraVolumes }),
  }
}

/** The flag for feature gates; none without gates. */
export function gateFlags({ featureGates = {} }: KubernetesSettings = {}): readonly NameAndValue[] {
  const gates = Object.entries(featureGates).map(([name, value]) => `${name}=${value}`)
  return gates.length === 0 ? [] : [{ name: 'feature-gates', value: gates.join(',') }]
}

export function runtimeFlags({ runtimeConfig = {} }: KubernetesSettings = {}): readonly NameAndValue[] {
  const parts = Object.entries(runtimeConfig).map(([name, value]) => `${name}=${value}`)
  return parts.length === 0 ? [] : [{ name: 'runtime-config', value: parts.join(',') }]
}

/** Settings of a user over those of knest, group by group; a list goes in place of a list. */
export function laidOver(own: Settings, given: Settings | undefined, gates: Settings | undefined): Settings {
  const all = gates === undefined ? own : merged(own, { featureGates: gates })
  return given === undefined ? all : merged(all, given)
}

function merged(own: Settings, given: Settings): Settings {
  const over = Object.entries(given).map(([name, value]) => {
    const before = own[name]
    return [name, isRecord(before) && isRecord(value) ? merged(before, value) : value] as const
  })
  return { ...own, ...Object.fromEntries(over) }
}
