export type { NodeSetUp } from '../contracts/node-set-up.js'
export { standaloneObjects, type StandaloneOptions } from './objects.js'
