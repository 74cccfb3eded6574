/** For those who write a backend or an address adapter: what both need of the host. */
export * from '../addresses/index.js'
export * from '../backend-support/index.js'
export { mergePatch } from '../backend-support/merge-patch.js'
export {
  applyPatches,
  nodeLabels,
  podMetadata,
  podPlacement,
  spreadByRole,
} from '../backend-support/node-objects.js'
export { notStarted } from '../backend-support/not-started.js'
export { podTrouble } from '../backend-support/pod-trouble.js'
export { awaitPodsGone } from '../backend-support/pods-gone.js'
export { volumeClaimKind, deleteVolumeClaim } from '../backend-support/volume-claims.js'
export { ownedBy } from '../home/record.js'
export { addedNodes, desiredNodes } from '../plan/desired-nodes.js'
