import type { KubernetesSettings } from '../../contracts/kubernetes-settings.js'
import type { Problem } from '../../errors.js'
import { nearest } from '../nearest.js'
import type { KnownSettings } from './known-settings.js'
import { problemOf } from './problem-of.js'

/** `where` names the field, as in `spec.kubernetes.featureGates`. */
export function gateProblems(
  gates: Readonly<Record<string, unknown>>,
  where: string,
  { featureGates, minor }: KnownSettings,
): readonly Problem[] {
  return Object.entries(gates).flatMap(([name, value]) => {
    const gate = featureGates.get(name)
    if (gate === undefined) {
      const meant = nearest(name, [...featureGates.keys()])
      const hint = meant === undefined ? `leave it out of ${where}` : `did you mean "${meant}"?`
      return [problemOf(`Kubernetes ${minor} has no feature gate "${name}"`, hint)]
    }
    if (typeof value !== 'boolean')
      return [problemOf(`feature gate "${name}" in ${where} is not true or false`, 'give true or false')]
    if (!gate.isLocked || gate.usual === value) return []
    const message = `feature gate "${name}" cannot be ${String(value)}: Kubernetes ${minor} has it locked to ${String(gate.usual)}`
    return [problemOf(message, `leave it out of ${where}`)]
  })
}

/** Keys that name no group and version. */
const words = new Set(['api/all', 'api/ga', 'api/beta', 'api/alpha', 'api/legacy', 'v1'])
const truth = /^(true|false|)$/

export function runtimeConfigProblems(
  runtimeConfig: KubernetesSettings['runtimeConfig'],
  { groups, minor }: KnownSettings,
): readonly Problem[] {
  return Object.entries(runtimeConfig ?? {}).flatMap(([key, value]) => {
    if (!truth.test(value))
      return [problemOf(`runtime configuration "${key}" is "${value}"`, 'give "true" or "false"')]
    if (words.has(key)) return []
    const [group = '', version, ...resource] = key.split('/')
    if (version === undefined || !/^v\d+((alpha|beta)\d+)?$/.test(version) || resource.length > 1) {
      const hint = 'write it as in api/alpha=true or resource.k8s.io/v1alpha3=true'
      return [problemOf(`runtime configuration "${key}" is no group and version of the API`, hint)]
    }
    if (groups.get(group) === true) return []
    const meant = nearest(group, [...groups.keys()])
    const hint = meant === undefined ? 'leave it out' : `did you mean "${meant}"?`
    return [problemOf(`Kubernetes ${minor} has no API group "${group}"`, hint)]
  })
}
