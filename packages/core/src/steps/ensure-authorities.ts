import {
  askForLost,
  authoritiesGone,
  authoritiesOutOfReach,
  authorityIn,
} from '../certificates/lost-authorities.js'
import type { CertificateAuthorities } from '../contracts/cluster-home.js'
import type { Progress } from '../contracts/progress.js'
import { KnestError } from '../errors.js'
import { objectNames } from '../names.js'
import { adminKubeconfig } from '../nested-api/admin-kubeconfig.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { phaseTable } from '../phases/index.js'
import { createAuthorities } from '../pki/index.js'
import { pause } from '../signals.js'
import type { StepContext } from './context.js'

/** Control planes may be starting just now: their disks are asked until then. */
const patienceMs = 300_000

type Sources = Pick<StepContext, 'record' | 'home' | 'nodes' | 'timeoutFactor'>

/**
 * The authorities of the cluster, in its home from then on. New ones are made for a cluster only that was never set
 * up; those that its home has lost are taken back from a control plane. Repeatable.
 */
export async function ensureAuthorities(
  { record, home, nodes, timeoutFactor }: Sources,
  progress: Pick<Progress, 'note' | 'warn'>,
  signal: AbortSignal,
): Promise<CertificateAuthorities> {
  const stored = await home.readAuthorities(record, signal)
  if (stored !== undefined) return stored
  const deadline = Date.now() + patienceMs * (await timeoutFactor())
  for (let tries = 0; ; tries++) {
    const found = await askForLost({ record, home, nodes }, signal)
    const { authorities, silent, isSetUp } = found
    if (authorities !== undefined) {
      progress.warn(
        `the certificate authorities of cluster "${record.name}" were gone, and were taken back from a control plane`,
      )
      return home.saveAuthorities(record, authorities, signal)
    }
    if (silent.length === 0) {
      if (isSetUp) throw authoritiesGone(record, found)
      return home.saveAuthorities(record, await createAuthorities(new Date()), signal)
    }
    if (Date.now() > deadline) throw authoritiesOutOfReach(record, silent)
    if (tries === 0) progress.note(`asking ${silent.join(', ')} for the certificate authorities`)
    await pause(500, signal)
  }
}

/**
 * Stores the admin's kubeconfig. One that trusts another authority is replaced only when an API server of the
 * cluster accepts the new one, else `prerequisite` is thrown.
 */
export async function saveKubeconfig(
  context: Pick<StepContext, 'record' | 'home' | 'nodes' | 'authorities' | 'backend'>,
  signal: AbortSignal,
): Promise<void> {
  const { record, home, authorities } = context
  const before = await home.readKubeconfig(record, signal)
  const isOther = before !== undefined && authorityIn(before) !== authorities?.ca.cert
  if (isOther && phaseTable[record.phase].isCreated && !(await isAccepted(context, signal)))
    throw new KnestError(
      'prerequisite',
      `Secrets "${objectNames.pkiSecret(record.name)}" and "${objectNames.kubeconfigSecret(record.name)}" in namespace "${record.namespace}" are of different certificate authorities, and no API server of cluster "${record.name}" accepts those of the first`,
      {
        hint: 'restore the first from a backup; /etc/kubernetes/pki of a control plane has what belongs there',
      },
    )
  await home.saveKubeconfig(record, await adminKubeconfig(context, signal), signal)
}

async function isAccepted(
  { record, home, nodes, backend }: Pick<StepContext, 'record' | 'home' | 'nodes' | 'backend'>,
  signal: AbortSignal,
): Promise<boolean> {
  const api = await tryNestedApi({ home, backend }, record, nodes, signal)
  try {
    return (await api?.raw('/readyz', signal))?.status === 200
  } catch (error) {
    if (error instanceof KnestError) return false
    throw error
  } finally {
    api?.close()
  }
}
