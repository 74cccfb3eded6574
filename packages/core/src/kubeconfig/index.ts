export { readContexts, type KnownContext, type KnownContexts } from './contexts.js'
export {
  kubeconfigFiles,
  mergeIntoDefault,
  removeFromDefault,
  removeOwnKubeconfig,
  writeOwnKubeconfig,
} from './file.js'
export { withHostRecord, type HostRecord } from './host-record.js'
export { withFileLock, type LockTimes } from './lock.js'
export { mergeKubeconfig, type MergeOptions } from './merge.js'
export { removeFromKubeconfig } from './remove.js'
export { renderKubeconfig, type KubeconfigInput } from './render.js'
