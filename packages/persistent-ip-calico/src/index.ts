export { createCalicoAddresses } from './adapter.js'
export { explainCalicoEvent } from './explain.js'
export { keepsVmAddresses } from './vm-addresses.js'
