import { planRenewal, renewBeforeDays } from '../certificates/index.js'
import type { CertificateEnd, CertificateStatus, ClusterCertificates } from '../contracts/clusters.js'
import type { Answer } from './answer.js'

/** All certificates in few words. Pure: `now` is the clock. */
export function certificateStatus(
  { value: found, problem }: Answer<ClusterCertificates>,
  now: Date,
): CertificateStatus {
  if (found === undefined)
    return { earliest: undefined, endSoon: 0, renewBeforeDays, unfinished: [], problems: [problem] }
  return {
    earliest: earliest(found),
    endSoon: planRenewal(found, now).due.length,
    renewBeforeDays: found.renewBeforeDays,
    unfinished: found.unfinished,
    problems: found.problems,
  }
}

function earliest({ certificates, authorities }: ClusterCertificates): CertificateEnd | undefined {
  const ends = [
    ...certificates.map(({ node, name, expires, daysLeft }) => ({ node, name, expires, daysLeft })),
    ...authorities.map((authority) => ({ ...authority, node: undefined })),
  ]
  return ends.sort((a, b) => Date.parse(a.expires) - Date.parse(b.expires))[0]
}
