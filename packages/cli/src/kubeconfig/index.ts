/** The user's kubeconfig files; loaded by the commands that read or change them. */
export { readContexts, type KnownContext, type KnownContexts } from './contexts.js'
export {
  checkMerge,
  kubeconfigFiles,
  mergeIntoDefault,
  ownersIn,
  removeFromDefault,
  removeOwnKubeconfig,
} from './file.js'
export { readIfThere, tryToWrite as tryToWriteOwn, writeSecret as writeOwnKubeconfig } from './disk.js'
export type { HostRecord } from './host-record.js'
export { authorityIn, isFileOf, isSameHost, withOwner, type ContextOwner, type NestedOwner } from './owner.js'
export { proxiedHost, withoutProxy } from './proxied.js'
