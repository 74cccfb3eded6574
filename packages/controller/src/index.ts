export { bindController } from './bindings.js'
export { runController, type ControllerOptions } from './controller.js'
export { uninstallController } from './uninstall.js'
export {
  ensureController,
  removeUnusedController,
  findController,
  installController,
  type ControllerInstall,
} from './install.js'
export { createBalancers, type Balancers, type BalancersOptions } from './load-balancers/balancers.js'
export { lookAfter, type Looked, type LookOptions } from './look-after.js'
export { controllerObjects } from './manifests.js'
export * from './names.js'
export { followOwners } from './owner-watch.js'
export { clusterRules, hostRules, ownRules, reservationRules } from './rbac.js'
