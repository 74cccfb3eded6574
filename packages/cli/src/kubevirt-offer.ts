import type { ClusterSpec, RunOptions } from 'knest'
import type { Deps, InstallOptions, OpenClusters } from './deps.js'
import { ask } from './operation.js'

/** Where manifests are taken from when no flag says it; `{version}` in it stands for the version. */
export const manifestsVariable = 'KNEST_KUBEVIRT_MANIFESTS'
const releases = 'https://github.com/kubevirt/kubevirt/releases/download/{version}'
/** The release that VM nodes were written for. */
export const kubeVirtVersion = 'v1.8.4'

/** What to install from where, when the user says no more than this. */
export function kubeVirtRelease(
  env: Deps['env'],
  asked: Partial<InstallOptions> = {},
): Pick<InstallOptions, 'manifests' | 'version'> {
  const { [manifestsVariable]: place = '' } = env
  return {
    manifests: asked.manifests ?? (place === '' ? releases : place),
    version: asked.version ?? kubeVirtVersion,
  }
}

/**
 * Makes up for a host without KubeVirt when the cluster has VM nodes: gives what installs it, if the user
 * wants that. Without anybody to ask, preflight says what to do.
 */
export async function offerKubeVirt(
  deps: Deps,
  { kubeVirt, description }: Pick<OpenClusters, 'kubeVirt' | 'description'>,
  { controlPlane, workers }: ClusterSpec,
  yes: boolean,
): Promise<((run: RunOptions) => Promise<void>) | undefined> {
  const withVms = [controlPlane, ...workers].some(({ backend }) => backend === 'vm')
  if (!withVms) return undefined
  if (await ask(deps, (signal) => kubeVirt.isThere(signal))) return undefined
  const release = kubeVirtRelease(deps.env)
  const question = `VM nodes need KubeVirt, and ${description} has none. Install it from ${release.manifests.replaceAll('{version}', release.version ?? '')}?`
  if (!yes && (await deps.asker()?.(question)) !== true) return undefined
  return (run) => kubeVirt.install({ ...release, emulation: false }, run)
}
