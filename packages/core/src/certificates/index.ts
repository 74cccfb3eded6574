export { FirstLook } from './first-look.js'
export { listCertificates, type CertificateSources } from './list.js'
export { planRenewal, renewalSteps, renewBeforeDays } from './plan.js'
export { parseNodeCertificates, readNodeQuestion, type NodeCertificates } from './read-node.js'
