/**
 * Nested Kubernetes clusters as a library. Importing it has no effects and loads no part that talks to a
 * cluster; `openHost` and `openEmbeddedHost` load what they need.
 */
import type { EngineName, HostControl } from '@knest/container-node'
import type { ImageArchive } from '@knest/core/contracts'
import type { Host, HostOptions } from './host.js'

export * from '@knest/core/contracts'
export type {
  EngineName,
  HostControl,
  HostReady,
  HostResource,
  HostStatus,
  HostTarget,
  HostUp,
} from '@knest/container-node'
export { controllerImage } from './controller-image.js'
export type * from './host.js'
export { clusterRef, runOptions } from './defaults.js'
export { version } from './version.js'

/**
 * Opens the host cluster that kubectl's flags would choose, and runs its login plugin, if it has one. Connects
 * with the first request. Throws `config` when the kubeconfig names no such host, `not-permitted` when its
 * credentials cannot be had, `host-unreachable` when there is no kubeconfig.
 */
export async function openHost(options: HostOptions = {}): Promise<Host> {
  return (await import('./open-host.js')).openHost(options)
}

/**
 * The embedded host: a cluster in containers of this machine, made with podman or docker. Its StorageClass and
 * the NestedCluster CRD are in place, and `up` gives the kubeconfig by which `openHost` opens it.
 */
export async function openEmbeddedHost(): Promise<HostControl> {
  return (await import('./open-embedded-host.js')).openEmbeddedHost()
}

/**
 * An image of podman or docker on this machine, for `clusters.load`; it is saved while it is read. Throws `not-found`
 * when no engine has it, `prerequisite` when none works.
 */
export async function engineImage(
  image: string,
  { engine, signal }: { readonly engine?: EngineName | undefined; readonly signal: AbortSignal },
): Promise<ImageArchive> {
  return (await import('./open-engine-image.js')).openEngineImage(image, engine, signal)
}
