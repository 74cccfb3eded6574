export {
  kubeconfigFiles,
  mergeIntoDefault,
  readContexts,
  removeFromDefault,
  removeOwnKubeconfig,
  withHostRecord,
  writeOwnKubeconfig,
} from '@knest/core'
