export { createAuthorities } from './authorities.js'
export {
  adminCertificate,
  caCertHash,
  certifyAgain,
  certificateExpiry,
  issueCertificate,
  kubeletClientCertificate,
} from './certificate.js'
export { brokenPairs } from './fits.js'
