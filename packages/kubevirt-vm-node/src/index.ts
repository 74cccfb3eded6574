/** A node is a KubeVirt VirtualMachine of the host cluster. */
export { createVmNodeBackend } from './backend.js'
export { readKubeVirt } from './host-facts.js'
export { installKubeVirt, type InstallOptions } from './install.js'
export type { VmNodeOptions } from './options.js'
