/** The user's kubeconfig files; loaded by the commands that read or change them. */
export { readContexts, type KnownContext, type KnownContexts } from './contexts.js'
export {
  kubeconfigFiles,
  mergeIntoDefault,
  removeFromDefault,
  removeOwnKubeconfig,
  writeOwnKubeconfig,
} from './file.js'
export { withHostRecord, type HostRecord } from './host-record.js'
