import type { ClusterCertificates, ClusterRef } from 'knest'
import { renderTable, type TableStyle } from '../render/table.js'

/** Certificates as `-o json` shows them. The fields are a promise to scripts. */
export function certificatesView(ref: ClusterRef, found: ClusterCertificates): Record<string, unknown> {
  return {
    name: ref.name,
    namespace: ref.namespace,
    certificates: found.certificates.map(({ node, name, expires, daysLeft, ca, renewedBy }) => ({
      node: node ?? null,
      name,
      expires,
      daysLeft,
      ca,
      renewedBy,
    })),
    authorities: found.authorities.map(({ name, expires, daysLeft }) => ({ name, expires, daysLeft })),
    unfinished: found.unfinished,
    problems: found.problems,
  }
}

/** As `-o name` shows them: a line each, with the node it lies on. */
export function certificateNames(certificates: ClusterCertificates['certificates']): string {
  return certificates.map(({ node, name }) => `${node === undefined ? name : `${node}/${name}`}\n`).join('')
}

/** Authorities and the kubeconfig lie on no node. */
export function certificateTable(
  { certificates, authorities }: ClusterCertificates,
  { wide, headers: hasHeaders }: TableStyle & { readonly wide: boolean },
): string {
  const headers = ['NODE', 'CERTIFICATE', 'EXPIRES', 'DAYS-LEFT']
  const rows = [
    ...authorities.map((authority) => ({ ...authority, node: undefined, ca: '<none>', renewedBy: '<none>' })),
    ...certificates,
  ]
  return renderTable(
    wide ? [...headers, 'AUTHORITY', 'RENEWED-BY'] : headers,
    rows.map(({ node, name, expires, daysLeft, ca, renewedBy }) => [
      node ?? '<none>',
      name,
      expires,
      daysLeft < 0 ? 'expired' : String(daysLeft),
      ca,
      renewedBy,
    ]),
    { headers: hasHeaders },
  )
}
