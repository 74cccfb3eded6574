import { parse } from 'yaml'
import { anySignal } from '../signals.js'
import type { AuthorityCertificate, Certificate, ClusterCertificates } from '../contracts/certificates.js'
import type { CertificateAuthorities, ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { readExpiry } from './expiry.js'
import { readNodeCertificates } from './read-node.js'
import type { NodeCertificates } from './read-node.js'
import { renewBeforeDays } from './plan.js'

export interface CertificateSources {
  readonly record: ClusterRecord
  readonly home: ClusterHome
  readonly nodes: readonly BackendNode[]
  /** How long one node may take, in milliseconds; absent: as long as a command on it may. */
  readonly patienceMs?: number
}

/** All certificates of a cluster. A node that does not answer becomes a problem in the list. */
export async function listCertificates(
  { record, home, nodes, patienceMs }: CertificateSources,
  now: Date,
  signal: AbortSignal,
): Promise<ClusterCertificates> {
  const [lists, authorities, stored] = await Promise.all([
    Promise.all(nodes.map((node) => ofNode(record, node, now, { patienceMs, signal }))),
    home.readAuthorities(record, signal),
    storedCertificate({ record, home }, now, signal),
  ])
  return {
    renewBeforeDays,
    certificates: [
      ...(stored === undefined ? [] : [stored]),
      ...lists.flatMap(({ certificates }) => certificates),
    ],
    authorities: authorities === undefined ? [] : ofAuthorities(authorities, now),
    unfinished: nodes.filter((_, index) => lists[index]?.unfinished === true).map(({ name }) => name),
    problems: lists.flatMap(({ problems }) => problems),
  }
}

/** Of the kubeconfig that the home keeps. */
export async function storedCertificate(
  { record, home }: Pick<CertificateSources, 'record' | 'home'>,
  now: Date,
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  const kubeconfig = await home.readKubeconfig(record, signal)
  return kubeconfig === undefined ? undefined : ofKubeconfig(kubeconfig, now)
}

async function ofNode(
  record: ClusterRecord,
  { backend, name, phase, reason }: BackendNode,
  now: Date,
  { patienceMs, signal }: { readonly patienceMs: number | undefined; readonly signal: AbortSignal },
): Promise<NodeCertificates> {
  const limit = patienceMs === undefined ? undefined : AbortSignal.timeout(patienceMs)
  const bounded = limit === undefined ? signal : anySignal(signal, limit)
  const problem = (why: string): NodeCertificates => ({
    certificates: [],
    unfinished: false,
    problems: [`node "${name}" cannot be asked: ${why}`],
  })
  if (phase !== 'running') return problem(reason ?? `it is ${phase}`)
  try {
    return await readNodeCertificates(await backend.openNode(record, name, bounded), now, bounded)
  } catch (error) {
    signal.throwIfAborted()
    if (limit?.aborted === true) return problem('it does not answer')
    return problem(error instanceof Error ? error.message : String(error))
  }
}

function ofAuthorities(authorities: CertificateAuthorities, now: Date): readonly AuthorityCertificate[] {
  const pairs = {
    ca: authorities.ca,
    'etcd-ca': authorities.etcdCa,
    'front-proxy-ca': authorities.frontProxyCa,
  }
  return Object.entries(pairs).flatMap(([name, { cert }]) => {
    const expiry = readExpiry(cert, now)
    return expiry === undefined ? [] : [{ name, ...expiry }]
  })
}

/** Of the one user in a kubeconfig that knest rendered. */
function ofKubeconfig(text: string, now: Date): Certificate | undefined {
  const { users } = parse(text) as {
    users?: readonly { user?: { 'client-certificate-data'?: string } }[]
  }
  const data = users?.[0]?.user?.['client-certificate-data'] ?? ''
  const expiry = readExpiry(Buffer.from(data, 'base64').toString('utf8'), now)
  return expiry === undefined
    ? undefined
    : { node: undefined, name: 'kubeconfig', ...expiry, ca: 'ca', renewedBy: 'knest' }
}
