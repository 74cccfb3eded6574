/** A node is a privileged pod of the host cluster. */
export { createPodNodeBackend, type PodNodeOptions } from './backend.js'
export { nodeStatefulSet, podName } from './manifest.js'
export { standaloneStatefulSet } from './standalone.js'
