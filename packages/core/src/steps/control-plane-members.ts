import { setTimeout as delay } from 'node:timers/promises'
import { placeholderNetwork } from '../kubeadm/placeholder-network.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { etcdctl, etcdHealth, quorumRisk } from '../etcd/index.js'
import type { EtcdMember } from '../etcd/index.js'
import { packBundle } from '../kubeadm/bundle.js'
import { criSocket, joinConfiguration } from '../kubeadm/config.js'
import { joinScript } from '../kubeadm/join-script.js'
import { authorityFiles } from '../kubeadm/node-files.js'
import { patchesDirectory, staticPodPatches } from '../kubeadm/static-pod-patches.js'
import { adminCertificate } from '../pki/index.js'
import { renderKubeconfig } from '../nested-api/render-kubeconfig.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { bootstrappedMarker, readSettledDisk } from '../node/disk.js'
import { otherControlPlane } from './remove-node.js'
import { runScript } from '../node/run-script.js'

const configPath = '/etc/kubernetes/knest-kubeadm.yaml'
const discoveryPath = '/etc/kubernetes/knest-discovery.conf'
// What an interrupted run left behind belongs to a member that is gone now.
const reset = `if [ -e /etc/kubernetes/manifests/etcd.yaml ] || [ -e /var/lib/etcd/member ]; then
  kubeadm reset --force --cri-socket=${criSocket} --skip-phases=preflight,remove-etcd-member 2>&1
fi
`

/**
 * Joins a further control plane by kubeadm: etcd learner, promotion, static pods. Repeatable. A member
 * that an earlier disk of this node was goes first: etcd would wait for it for ever.
 */
export async function joinControlPlane(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  if ((await readSettledDisk(node, signal)) === 'bootstrapped') return
  const helper = await otherControlPlane(context, context.controlPlanes, node.name, signal)
  await removeMember(context, helper, node.name, signal)

  const join = `tar --no-same-owner -xf - -C /
${joinScript(configPath)}rm -f ${discoveryPath}
touch ${bootstrappedMarker}
`
  await runScript(node, 'kubeadm reset', reset, { timeoutMs: 120_000, signal })
  const stdin = await joinBundle(context, node.name)
  await runScript(node, 'kubeadm join', join, { stdin, timeoutMs: 600_000, signal })
}

async function joinBundle(context: StepContext, node: string): Promise<Buffer> {
  const authorities = need(context.authorities, 'the certificate authorities')
  const addresses = need(context.addresses, 'the addresses')
  const client = await adminCertificate(authorities.ca, { group: 'system:masters', validityDays: 1 })
  const timeoutFactor = await context.timeoutFactor()
  const config = joinConfiguration({
    spec: context.record.spec,
    node,
    addresses,
    discoveryPath,
    timeoutFactor,
    patches: patchesDirectory,
  })
  const discovery = renderKubeconfig({
    name: context.record.name,
    server: `https://${addresses.controlPlaneEndpoint}`,
    ca: authorities.ca.cert,
    clientCert: client.cert,
    clientKey: client.key,
  })
  return packBundle([
    ...authorityFiles(authorities),
    ...placeholderNetwork(context.record.spec.network),
    ...staticPodPatches(),
    { path: configPath, content: config, mode: 0o600 },
    { path: discoveryPath, content: discovery, mode: 0o600 },
  ])
}

/** A member that has never started has no name yet, only the address it is awaited at. */
function memberOf(
  { addresses }: StepContext,
  members: readonly EtcdMember[],
  node: string,
): EtcdMember | undefined {
  const identity = addresses?.identities.get(node)
  return members.find(({ name, peerUrl }) => name === node || peerUrl === `https://${identity}:2380`)
}

const settleMs = 30_000

/**
 * The etcd member of a node that may go now; undefined when there is none. Waits a moment for others that
 * are coming back, then throws `conflict`: without it etcd would have no majority that answers.
 */
export async function removableMember(
  context: StepContext,
  helper: NodeHandle,
  node: string,
  signal: AbortSignal,
): Promise<EtcdMember | undefined> {
  const deadline = Date.now() + settleMs
  for (;;) {
    const { members, problem } = await etcdHealth([helper], signal)
    if (problem !== undefined) throw new KnestError('prerequisite', problem)
    const member = memberOf(context, members, node)
    const risk = member === undefined ? undefined : quorumRisk(members, member.name)
    if (risk === undefined) return member
    if (Date.now() > deadline) throw notNow(context, node, risk)
    await delay(1000, undefined, { signal })
  }
}

/** Takes a control plane out of etcd, by way of one that stays. Absent is fine. Throws as `removableMember`. */
export async function removeMember(
  context: StepContext,
  helper: NodeHandle,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + settleMs
  for (;;) {
    const member = await removableMember(context, helper, node, signal)
    if (member === undefined) return
    const argv = [...etcdctl, 'member', 'remove', member.id]
    const { exitCode, stderr } = await helper.execText(argv, { timeoutMs: 30_000, signal })
    if (exitCode === 0 || stderr.includes('not found')) return
    // etcd itself refuses while a member that joined a moment ago has not been seen for five seconds.
    if (Date.now() > deadline) throw notNow(context, node, stderr.trim().split('\n').at(-1) ?? '')
    await delay(1000, undefined, { signal })
  }
}

function notNow({ record }: StepContext, node: string, why: string): KnestError {
  return new KnestError(
    'conflict',
    `control plane "${node}" cannot be taken out of etcd of "${record.name}": ${why}`,
    {
      hint: `bring the others back first (see: knest status ${record.name}), then run the same command again`,
    },
  )
}
