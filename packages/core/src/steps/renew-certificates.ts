import { adminKubeconfig } from '../nested-api/admin-kubeconfig.js'
import { goingOn } from '../kube/index.js'
import { openNestedApi } from '../nested-api/open.js'
import type { Certificate, RenewedCertificates, RenewRequest } from '../contracts/certificates.js'
import type { CertificateAuthorities } from '../contracts/cluster-home.js'
import type { RunOptions } from '../contracts/run-options.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { packBundle } from '../kubeadm/bundle.js'
import { kubeletClientCertificate } from '../pki/index.js'
import { awaitNodes } from './await-ready.js'
import { awaitTraffic } from './await-traffic.js'
import { kubeletStarted } from '../node/kubelet.js'
import { runScript } from '../node/run-script.js'
import { knownAuthorities } from '../certificates/lost-authorities.js'
import { FirstLook } from '../certificates/first-look.js'
import { listCertificates } from '../certificates/list.js'
import type { CertificateSources } from '../certificates/list.js'
import { renewalFiles, renewalScript, restartScript } from './renewal-scripts.js'
import { isNothing, isRenewed, planRenewal, stepTitles } from '../certificates/plan.js'
import type { NodeRenewal, RenewalPlan } from '../certificates/plan.js'
import { endsWithin } from '../certificates/expiry.js'

const minute = 60_000
/** What a ten years old cluster should hear in time. */
const authorityWarningDays = 365

/** Looks, decides and renews. The caller holds the lock. Repeatable after an interruption anywhere. */
export async function renewCertificates(
  sources: CertificateSources,
  { all }: RenewRequest,
  run: RunOptions,
  first = new FirstLook(),
): Promise<RenewedCertificates> {
  const now = new Date()
  const found = await run.progress.phase('Read the certificates', () =>
    listCertificates(sources, now, run.signal),
  )
  for (const problem of found.problems) run.progress.warn(problem)
  for (const authority of found.authorities.filter((each) => endsWithin(each, now, authorityWarningDays))) {
    run.progress.warn(
      `authority "${authority.name}" expires on ${authority.expires} and cannot be renewed: move to a new cluster`,
    )
  }
  first.take(found.certificates)
  const isNew = (certificate: Certificate): boolean => first.isNewSince(certificate)
  const plan = planRenewal(found, now, { all, isNew })
  if (isNothing(plan)) return { ...found, renewed: found.certificates.filter(isNew) }
  await carryOut(sources, plan, run)
  const after = await listCertificates(sources, new Date(), run.signal)
  const renewed = after.certificates.filter(
    (certificate) => isRenewed(plan, certificate) || isNew(certificate),
  )
  return { ...after, renewed }
}

/** Does what `renewalSteps` lists. The caller holds the lock. */
export async function carryOut(
  sources: CertificateSources,
  { nodes, kubeconfig }: RenewalPlan,
  { progress, signal }: Pick<RunOptions, 'progress' | 'signal'>,
): Promise<void> {
  const { record, home } = sources
  const authorities = await knownAuthorities(sources, signal)
  if (authorities === undefined)
    throw new KnestError('prerequisite', `cluster "${record.name}" has no certificate authorities yet`, {
      hint: 'create it again with the same settings to finish it',
    })
  const open = (name: string): Promise<NodeHandle> => openNode(sources, name, signal)

  await Promise.all([
    ...nodes.map((renewal) =>
      progress.phase(stepTitles.renew(renewal), async () =>
        renewOn(await open(renewal.node), renewal, { sources, authorities, signal }),
      ),
    ),
    kubeconfig &&
      progress.phase(stepTitles.kubeconfig, async () =>
        home.saveKubeconfig(record, await adminKubeconfig({ record, home, authorities }, signal), signal),
      ),
  ])
  for (const { node } of nodes.filter(({ controlPlane }) => controlPlane)) {
    await progress.phase(stepTitles.restart(node), async () => {
      await runScript(await open(node), 'restart of the control plane', restartScript(node), {
        timeoutMs: 5 * minute,
        signal,
      })
      await awaitTraffic(sources, node, signal)
    })
  }
  const kubelets = nodes.filter(({ kubelet }) => kubelet).map(({ node }) => node)
  if (kubelets.length > 0)
    await progress.phase(stepTitles.ready, () => awaitKubelets(sources, authorities, kubelets, signal))
}

async function renewOn(
  node: NodeHandle,
  { controlPlane, kubelet }: NodeRenewal,
  context: {
    readonly sources: CertificateSources
    readonly authorities: CertificateAuthorities
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { sources, authorities, signal } = context
  const minted = kubelet ? await kubeletClientCertificate(authorities.ca, node.name) : undefined
  const input = {
    spec: sources.record.spec,
    controlPlane,
    kubeletClient: minted === undefined ? undefined : minted.cert + minted.key,
  }
  await runScript(node, 'renewal of certificates', renewalScript(input), {
    stdin: await packBundle(renewalFiles(input)),
    timeoutMs: 2 * minute,
    signal,
  })
}

/** Ready is the proof that the API server takes a kubelet's new certificate. */
async function awaitKubelets(
  sources: CertificateSources,
  authorities: CertificateAuthorities,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { record, nodes } = sources
  // Without a network no node is ever Ready.
  if (record.spec.network.cni === 'none') return
  const running = nodes.filter(({ role, phase }) => role === 'control-plane' && phase === 'running')
  const handles = await Promise.all(running.map(({ name }) => openNode(sources, name, signal)))
  const started = names.map(
    async (name) => [name, await kubeletStarted(await openNode(sources, name, signal), signal)] as const,
  )
  const since = new Map(await Promise.all(started))
  const api = goingOn(await openNestedApi({ cluster: record.name, nodes: handles, authorities }))
  try {
    await awaitNodes(api, names, { since, timeoutMs: 3 * minute, signal })
  } finally {
    api.close()
  }
}

async function openNode(
  { record, nodes }: CertificateSources,
  name: string,
  signal: AbortSignal,
): Promise<NodeHandle> {
  const node = nodes.find((candidate) => candidate.name === name)
  if (node === undefined) throw new KnestError('not-found', `cluster "${record.name}" has no node "${name}"`)
  return node.backend.openNode(record, name, signal)
}
