/** The TypeScript SDK of knest. What is not exported here is not promised. */
export { claimKind, deleteClaim } from './backend-support/volume-claims.js'
export { createClusters } from './clusters.js'
export { renderKubeconfig, type KubeconfigInput } from './nested-api/render-kubeconfig.js'
export { canConnect } from './home/api-urls.js'
export { holdCrd, keptCrd, releaseCrd } from './home/crd.js'
export { deleteNamespace } from './home/namespace.js'
export { createKubernetesHome } from './home/kubernetes-home.js'
export { acquireLease, type LeaseTarget } from './home/lock.js'
export { letGo } from './home/finalizer.js'
export { nestedClusterKind } from './home/record.js'
export { localPathObjects } from './addons/index.js'
export { loadManifest, parseManifest, type ManifestPurpose } from './addons/manifest-text.js'
export {
  applyAll,
  endedBy,
  onAbort,
  openDeadline,
  openForwardServer,
  openKube,
  type HostKube,
  pause,
  seconds,
  unlessAborted,
} from './kube/index.js'
export { namespaceObject } from './home/namespace.js'
export { ownedBy } from './home/record.js'
export { awaitPodsGone } from './backend-support/pods-gone.js'
export { podTrouble } from './backend-support/pod-trouble.js'
export { mergePatch } from './backend-support/merge-patch.js'
export { applyPatches, nodeLabels, spreadByRole } from './backend-support/node-objects.js'
export * from './backend-support/index.js'
export * from './addresses/index.js'
export * from './network/index.js'
export * from './spec/index.js'
export * from './standalone/index.js'
export * from './streams/index.js'
export * from './contracts/address-adapter.js'
export * from './contracts/cluster.js'
export * from './contracts/cluster-home.js'
export * from './contracts/clusters.js'
export * from './contracts/kubernetes.js'
export * from './contracts/node-backend.js'
export * from './contracts/parts.js'
export * from './contracts/progress.js'
export * from './contracts/run-options.js'
export * from './errors.js'
export * from './labels.js'
export * from './names.js'
