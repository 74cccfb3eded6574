export { listCertificates, type CertificateSources } from './list.js'
export {
  isNothing,
  planRenewal,
  renewalSteps,
  renewBeforeDays,
  type NodeRenewal,
  type RenewalPlan,
} from './plan.js'
export { carryOut, renewCertificates } from './renew.js'
