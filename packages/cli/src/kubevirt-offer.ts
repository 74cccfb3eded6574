import type { ClusterSpec, RunOptions } from '@knest/core'
import type { Deps, OpenClusters } from './deps.js'
import { ask } from './operation.js'

/** Where `knest host install kubevirt` takes manifests from when no flag says it. */
export const manifestsVariable = 'KNEST_KUBEVIRT_MANIFESTS'

/**
 * Makes up for a host without KubeVirt when the cluster has VM nodes: gives what installs it, if the user
 * wants that. Without a place to take it from, or anybody to ask, preflight says what to do.
 */
export async function offerKubeVirt(
  deps: Deps,
  { kubeVirt, description }: Pick<OpenClusters, 'kubeVirt' | 'description'>,
  { controlPlane, workers }: ClusterSpec,
  yes: boolean,
): Promise<((run: RunOptions) => Promise<void>) | undefined> {
  const withVms = [controlPlane, ...workers].some(({ backend }) => backend === 'vm')
  const manifests = deps.env[manifestsVariable]
  if (!withVms || manifests === undefined) return undefined
  if (await ask(deps, (signal) => kubeVirt.isThere(signal))) return undefined
  const question = `VM nodes need KubeVirt, and ${description} has none. Install it from ${manifests}?`
  if (!yes && (await deps.confirm(question)) !== true) return undefined
  return (run) => kubeVirt.install({ manifests, version: undefined, emulation: false }, run)
}
