/** Manifests that need no host to be made. */
export { localPathObjects } from '../addons/index.js'
export {
  bindsController,
  clusterRoleName,
  controllerAccount,
  controllerBinding,
  controllerBindings,
  roleBindingKind,
} from '../home/controller-binding.js'
export { holdCrd, keptCrd, releaseCrd } from '../home/crd.js'
export { deleteNamespace, namespaceObject, staysFor } from '../home/namespace.js'
export { foreignIn } from '../home/own-objects.js'
export { clusterManifest } from '../spec/cluster-manifest.js'
export * from '../rights/index.js'
export * from '../rights/user-role.js'
export * from '../standalone/index.js'
export { quoteAmbiguous, yamlText } from '../yaml-text.js'
