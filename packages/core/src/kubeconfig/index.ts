export {
  kubeconfigFiles,
  mergeIntoDefault,
  removeFromDefault,
  removeOwnKubeconfig,
  writeOwnKubeconfig,
} from './file.js'
export { withFileLock, type LockTimes } from './lock.js'
export { mergeKubeconfig, type MergeOptions } from './merge.js'
export { removeFromKubeconfig } from './remove.js'
export { renderKubeconfig, type KubeconfigInput } from './render.js'
