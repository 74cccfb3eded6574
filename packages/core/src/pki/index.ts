export { createAuthorities } from './authorities.js'
export {
  adminCertificate,
  caCertHash,
  certificateExpiry,
  issueCertificate,
  kubeletClientCertificate,
  type CertificateRequest,
  type ClientCertificateOptions,
} from './certificate.js'
