/** A node is a podman or docker container of this machine: makes the embedded host. */
export { createContainerNodeBackend } from './node/backend.js'
export {
  createEngine,
  detectEngine,
  engineNames,
  type ContainerEngine,
  type EngineName,
} from './engine/engine.js'
export { savedImage } from './engine/saved-image.js'
export { createContainerHome } from './home/home.js'
export { createHostControl, type HostControlOptions } from './host/control.js'
export { imagesAnnotation } from './host/images.js'
export type {
  HostControl,
  HostRanges,
  HostReady,
  HostResource,
  HostStatus,
  HostTarget,
  HostUp,
} from './host/types.js'
