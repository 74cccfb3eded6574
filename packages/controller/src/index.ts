export { runController, type ControllerOptions } from './controller.js'
export {
  ensureController,
  removeUnusedController,
  findController,
  installController,
  uninstallController,
  type ControllerInstall,
} from './install.js'
export { controllerObjects } from './manifests.js'
export * from './names.js'
export { controllerRules, type PolicyRule } from './rbac.js'
