export { etcdctl } from './etcdctl.js'
export { etcdHealth } from './health.js'
export { quorumRisk } from './quorum.js'
export type { EtcdMember } from './members.js'
