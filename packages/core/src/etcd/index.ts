export { etcdctl } from './etcdctl.js'
export { etcdHealth, type EtcdHealth, type EtcdMemberHealth } from './health.js'
export { quorumRisk } from './quorum.js'
export { etcdMembers, type EtcdMember } from './members.js'
