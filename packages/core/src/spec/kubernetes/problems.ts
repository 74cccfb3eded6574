import type { KubernetesSettings } from '../../contracts/kubernetes-settings.js'
import type { Problem } from '../../errors.js'
import { componentProblems } from './component-problems.js'
import { fieldProblems } from './field-problems.js'
import { fileProblems } from './file-problems.js'
import { gateProblems, runtimeConfigProblems } from './gate-problems.js'
import { knownSettings } from './known-settings.js'

/**
 * What programs of this version would refuse of Kubernetes' settings, and what is knest's to set. Nothing for a
 * version that knest does not know: that is told by itself. Pure.
 */
export function kubernetesProblems(
  settings: KubernetesSettings | undefined,
  version: string,
): readonly Problem[] {
  const known = knownSettings(version)
  if (settings === undefined || known === undefined) return []
  return [
    ...gateProblems(settings.featureGates ?? {}, 'spec.kubernetes.featureGates', known),
    ...runtimeConfigProblems(settings.runtimeConfig, known),
    ...componentProblems(settings, known),
    ...fieldProblems(settings.kubelet ?? {}, 'spec.kubernetes.kubelet', 'kubelet', known),
    ...fieldProblems(settings.kubeProxy ?? {}, 'spec.kubernetes.kubeProxy', 'kube-proxy', known),
    ...fileProblems(settings.files ?? []),
  ]
}
