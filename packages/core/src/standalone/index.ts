export type { NodeSetUp } from './contract.js'
export { standaloneObjects, type StandaloneOptions } from './objects.js'
