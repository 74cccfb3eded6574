/** What all parts share: types, errors, names and labels. Loads no library. */
export * from '../contracts/address-adapter.js'
export * from '../contracts/cluster.js'
export * from '../contracts/cluster-home.js'
export * from '../contracts/clusters.js'
export * from '../contracts/kubernetes.js'
export * from '../contracts/node-backend.js'
export * from '../contracts/node-set-up.js'
export * from '../contracts/parts.js'
export * from '../contracts/progress.js'
export * from '../contracts/registries.js'
export * from '../contracts/run-options.js'
export * from '../commands.js'
export * from '../errors.js'
export * from '../labels.js'
export * from '../names.js'
export { anySignal, openDeadline, seconds, startLimit } from '../signals.js'
export {
  durationMs,
  fullImageName,
  imageTag,
  shortImageName,
  parseVersion,
  parseWholeNumber,
  withoutV,
} from '../values/index.js'
