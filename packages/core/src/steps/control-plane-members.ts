import { placeholderNetwork } from '../kubeadm/placeholder-network.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { criSocket, joinConfiguration } from '../kubeadm/config.js'
import { joinScript } from '../kubeadm/join-script.js'
import { authorityFiles } from '../kubeadm/node-files.js'
import { patchesDirectory, staticPodPatches } from '../kubeadm/static-pod-patches.js'
import { adminCertificate } from '../pki/index.js'
import { renderKubeconfig } from '../nested-api/render-kubeconfig.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { otherControlPlanes, refuseIfMember, removeMember } from './etcd-members.js'
import { removeLasting, setUpDone } from '../node/lasting.js'
import { bootstrappedMarker, initialMemberMarker, readSettledDisk } from '../node/disk.js'
import { settingsFiles } from './settings-files.js'
import { PlanOutdated } from './plan-outdated.js'
import { runScript } from '../node/run-script.js'

const configPath = '/etc/kubernetes/knest-kubeadm.yaml'
const discoveryPath = '/etc/kubernetes/knest-discovery.conf'
// What an interrupted run left behind belongs to a member that is gone now.
const reset = `if [ -e /etc/kubernetes/manifests/etcd.yaml ] || [ -e /var/lib/etcd/member ]; then
  kubeadm reset --force --cri-socket=${criSocket} --skip-phases=preflight,remove-etcd-member 2>&1
  # The phase that is skipped would empty it, too. Who starts on it is the member that is gone.
  rm -rf /var/lib/etcd/member
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
  if ((await readSettledDisk(node, signal)) === 'bootstrapped')
    throw new PlanOutdated(`control plane "${node.name}" is set up`, node.name)
  const helpers = await otherControlPlanes(context, node.name, signal)
  await removeMember(context, helpers, node.name, signal)

  const join = `tar --no-same-owner -xf - -C /
${joinScript(configPath)}rm -f ${discoveryPath}
${setUpDone(context.record.spec)}`
  // It may have begun with others, and a join that is cut off leaves no initial member.
  await runScript(node, 'kubeadm reset', `${removeLasting(initialMemberMarker)}${reset}`, {
    timeoutMs: 120_000,
    signal,
  })
  const stdin = await joinBundle(context, node.name, signal)
  await runScript(node, 'kubeadm join', join, { stdin, timeoutMs: 600_000, signal })
}

/**
 * Takes away what the begin of a cluster left that cannot come to its end, or what the member was that etcd has
 * `removed`. Repeatable. Throws PlanOutdated for a control plane that was set up after all, or is a member.
 */
export async function resetControlPlane(
  context: StepContext,
  node: NodeHandle,
  { removed }: { readonly removed: boolean },
  signal: AbortSignal,
): Promise<void> {
  const isSetUp = (await readSettledDisk(node, signal)) === 'bootstrapped'
  if (isSetUp && !removed) throw new PlanOutdated(`control plane "${node.name}" is set up`, node.name)
  if (isSetUp) await refuseIfMember(context, node, signal)
  // What is half taken away counts as empty.
  const unmark = removed ? removeLasting(bootstrappedMarker) : ''
  await runScript(node, 'kubeadm reset', `${unmark}${reset}${removeLasting(initialMemberMarker)}`, {
    timeoutMs: 120_000,
    signal,
  })
}

async function joinBundle(context: StepContext, node: string, signal: AbortSignal): Promise<Buffer> {
  const authorities = need(context.authorities, 'the certificate authorities')
  const addresses = need(context.addresses, 'the addresses')
  const client = await adminCertificate(authorities.ca, { group: 'system:masters', validityDays: 1 })
  const timeoutFactor = await context.timeoutFactor()
  const config = joinConfiguration({
    ref: context.record,
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
    ...staticPodPatches(context.record.spec),
    ...(await settingsFiles(context, signal)),
    { path: configPath, content: config, mode: 0o600 },
    { path: discoveryPath, content: discovery, mode: 0o600 },
  ])
}
