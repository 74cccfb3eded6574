export { listCertificates, storedCertificate, type CertificateSources } from './list.js'
export {
  isNothing,
  planRenewal,
  renewalSteps,
  renewBeforeDays,
  type NodeRenewal,
  type RenewalPlan,
} from './plan.js'
export { parseNodeCertificates, readNodeQuestion, type NodeCertificates } from './read-node.js'
