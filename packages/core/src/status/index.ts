export { clusterStatus } from './cluster-status.js'
export { summarize } from './summary.js'
