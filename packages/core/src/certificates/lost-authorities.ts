import { clusterCommand } from '../commands.js'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import type { CertificateAuthorities, ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { objectNames } from '../names.js'
import { phaseTable } from '../phases/index.js'
import { brokenPairs } from '../pki/index.js'
import { anySignal } from '../signals.js'
import { readNodeAuthorities, type NodeAuthorities } from './node-authorities.js'

export interface AuthoritySources {
  readonly record: ClusterRecord
  readonly home: Pick<ClusterHome, 'readAuthorities' | 'readKubeconfig'>
  readonly nodes: readonly BackendNode[]
}

/** What the nodes have of a cluster whose home has lost its authorities. */
export interface LostAuthorities {
  /** Those by which the cluster was set up; undefined when no control plane that answers has them. */
  readonly authorities: CertificateAuthorities | undefined
  /** Control planes that may have them and cannot be asked now. */
  readonly silent: readonly string[]
  /** The cluster was set up by authorities: others would be no use to it. */
  readonly isSetUp: boolean
  /** A control plane that answers was set up. */
  readonly hasData: boolean
}

/** How long one control plane may take. */
const askMs = 20_000

/**
 * The authorities of a cluster: those its home has, else those on the disk of a control plane that runs. Undefined
 * when there are none yet, or when whoever has them cannot be asked now. Throws `prerequisite` when the cluster was
 * set up and nobody has them, or when they are not all the same. Changes nothing.
 */
export async function knownAuthorities(
  sources: AuthoritySources,
  signal: AbortSignal,
): Promise<CertificateAuthorities | undefined> {
  const stored = await sources.home.readAuthorities(sources.record, signal)
  if (stored !== undefined) return stored
  const running = sources.nodes.filter(({ phase }) => phase === 'running')
  const found = await askForLost({ ...sources, nodes: running }, signal)
  const isSilent = found.silent.length > 0 || sources.nodes.some((node) => isDown(node))
  if (found.authorities === undefined && found.isSetUp && !isSilent)
    throw authoritiesGone(sources.record, found)
  return found.authorities
}

function isDown({ role, phase }: BackendNode): boolean {
  return role === 'control-plane' && phase !== 'running'
}

/** Asks these nodes for the authorities by which they were set up. Throws `prerequisite` when they differ. */
export async function askForLost(
  { record, home, nodes }: AuthoritySources,
  signal: AbortSignal,
): Promise<LostAuthorities> {
  const controlPlanes = nodes.filter(({ role }) => role === 'control-plane')
  const workers = nodes.filter(({ role, phase }) => role === 'worker' && phase === 'running')
  const askAll = (some: readonly BackendNode[]): Promise<readonly (NodeAuthorities | undefined)[]> =>
    Promise.all(some.map((node) => ask(record, node, signal)))
  const [answers, ofWorkers] = await Promise.all([askAll(controlPlanes), askAll(workers)])
  const told = controlPlanes.flatMap(({ name }, index) => {
    const answer = answers[index]
    return answer === undefined || answer.disk === 'empty' ? [] : [{ name, ...answer }]
  })
  const whole = told.flatMap(({ name, authorities }) =>
    authorities === undefined ? [] : [{ name, authorities }],
  )
  const [first, ...others] = whole
  if (first !== undefined) {
    const other = others.find(({ authorities }) => !isDeepStrictEqual(authorities, first.authorities))
    if (other !== undefined)
      throw refusal(record, `control planes "${first.name}" and "${other.name}" have different ones`)
    const [broken] = brokenPairs(first.authorities)
    if (broken !== undefined)
      throw refusal(record, `on control plane "${first.name}", key and certificate of "${broken}" do not fit`)
    const stored = await home.readKubeconfig(record, signal)
    if (stored !== undefined && authorityIn(stored) !== first.authorities.ca.cert)
      throw new KnestError('prerequisite', mismatch(record, first.name), {
        hint: `if those of the control plane are right, remove Secret "${objectNames.kubeconfigSecret(record.name)}" and run the command again`,
      })
  }
  return {
    authorities: first?.authorities,
    silent: controlPlanes.filter((_, index) => answers[index] === undefined).map(({ name }) => name),
    // A worker has no keys, and accepts nobody but whom it has joined.
    isSetUp:
      phaseTable[record.phase].isCreated ||
      told.length > 0 ||
      ofWorkers.some((answer) => answer?.disk === 'bootstrapped'),
    hasData: told.some(({ disk }) => disk === 'bootstrapped'),
  }
}

/** Undefined when it does not answer. */
async function ask(
  record: ClusterRecord,
  { backend, name }: BackendNode,
  signal: AbortSignal,
): Promise<NodeAuthorities | undefined> {
  const bounded = anySignal(signal, AbortSignal.timeout(askMs))
  try {
    return await readNodeAuthorities(await backend.openNode(record, name, bounded), bounded)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError || bounded.aborted) return undefined
    throw error
  }
}

/** The authority that a kubeconfig rendered by knest trusts. */
export function authorityIn(kubeconfig: string): string {
  const { clusters } = parse(kubeconfig) as {
    clusters?: readonly { cluster?: { 'certificate-authority-data'?: string } }[]
  }
  const data = clusters?.[0]?.cluster?.['certificate-authority-data'] ?? ''
  return Buffer.from(data, 'base64').toString('utf8')
}

/** Whoever has the cluster's data has them, too, unless somebody took them away there. */
export function authoritiesGone(
  record: ClusterRecord,
  { hasData }: Pick<LostAuthorities, 'hasData'>,
): KnestError {
  const why = 'no control plane has them on its disk'
  if (hasData) return refusal(record, why)
  return refusal(
    record,
    why,
    `; without one nothing of it is left: ${clusterCommand('delete', record)}, then create it again`,
  )
}

/** `silent`: the control planes that may have them. */
export function authoritiesOutOfReach(record: ClusterRecord, silent: readonly string[]): KnestError {
  const names = silent.map((name) => `"${name}"`).join(', ')
  return new KnestError('prerequisite', `${gone(record)}, and who may have them does not answer: ${names}`, {
    hint: `they are taken back as soon as one of these control planes runs: see ${clusterCommand('status', record)}; or restore ${place(record)} from a backup`,
  })
}

function refusal(record: ClusterRecord, why: string, otherwise = ''): KnestError {
  return new KnestError('prerequisite', `${gone(record)}, and ${why}`, {
    hint: `restore ${place(record)} from a backup: no node and no kubeconfig would accept new ones${otherwise}`,
  })
}

function gone(record: ClusterRecord): string {
  return `the certificate authorities of cluster "${record.name}" are gone (${place(record)})`
}

function mismatch({ name, namespace }: ClusterRecord, node: string): string {
  const kubeconfig = objectNames.kubeconfigSecret(name)
  return `the certificate authorities of cluster "${name}" are gone, and those of control plane "${node}" are not the ones that Secret "${kubeconfig}" in namespace "${namespace}" trusts`
}

function place({ name, namespace, spec }: ClusterRecord): string {
  return spec.controlPlane.backend === 'container'
    ? 'its record'
    : `Secret "${objectNames.pkiSecret(name)}" in namespace "${namespace}"`
}
