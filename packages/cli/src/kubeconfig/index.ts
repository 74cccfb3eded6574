/** Editing the user's kubeconfig files; loaded by the commands that change one. */
export {
  kubeconfigFiles,
  mergeIntoDefault,
  removeFromDefault,
  removeOwnKubeconfig,
  writeOwnKubeconfig,
} from './file.js'
