export {
  kubeconfigFiles,
  mergeIntoDefault,
  removeFromDefault,
  removeOwnKubeconfig,
  writeOwnKubeconfig,
} from '@knest/core'
