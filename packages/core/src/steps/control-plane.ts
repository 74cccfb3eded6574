import { placeholderNetwork } from '../kubeadm/placeholder-network.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { initConfiguration, type KubeadmInput } from '../kubeadm/config.js'
import { authorityFiles } from '../kubeadm/node-files.js'
import { patchesDirectory, staticPodPatches } from '../kubeadm/static-pod-patches.js'
import { need } from './context.js'
import { settingsFiles } from './settings-files.js'
import { PlanOutdated } from './plan-outdated.js'
import type { StepContext } from './context.js'
import { lastingFile, removeLasting, setUpDone } from '../node/lasting.js'
import { bootstrappedMarker, initialMemberMarker, isBootstrapped, readDisk } from '../node/disk.js'
import { runScript } from '../node/run-script.js'

export const configPath = '/etc/kubernetes/knest-kubeadm.yaml'

// kubeadm's own order is kept, cut in two: what lays out files and starts kubelet, and what talks to the
// API server. Between them knest waits in its own way and already installs the network. DNS is knest's
// own manifest: kubeadm's readiness probe alone costs nine seconds.
export const secondHalf = [
  'upload-config',
  'upload-certs',
  'mark-control-plane',
  'bootstrap-token',
  'kubelet-finalize',
  'addon',
]
const firstHalf = ['certs', 'kubeconfig', 'etcd', 'control-plane', 'kubelet-start']
// What is done once for the cluster.
const onlyOnce = ['upload-config', 'upload-certs', 'bootstrap-token', 'addon']
const never = ['preflight', 'wait-control-plane', 'show-join-command']

/** The command that runs all phases of `kubeadm init` but these and those that knest never runs. */
export function kubeadmInit(skip: readonly string[]): string {
  return `kubeadm init --config ${configPath} --skip-phases=${[...never, ...skip].join(',')}`
}

/**
 * Lays out certificates, kubeconfigs and static pods, and starts kubelet. Repeatable. `initialMembers` are the
 * control planes whose etcd members begin the cluster together. Begins no new cluster on an empty disk
 * while another control plane may have the data of this one, nor when the plan was made for a disk that had something:
 * throws PlanOutdated.
 */
export async function bootControlPlane(
  context: StepContext,
  node: NodeHandle,
  { initialMembers, begins }: { readonly initialMembers: readonly string[]; readonly begins: boolean },
  signal: AbortSignal,
): Promise<void> {
  // An initial member whose set-up did not come to its end is a member of the cluster that the others have.
  if ((await readDisk(node, signal)) === 'empty') {
    await refuseIfDataElsewhere(context, node.name, signal)
    if (!begins) throw new PlanOutdated(`the disk of control plane "${node.name}" is empty`, node.name)
  }
  const stdin = await packBundle([
    ...authorityFiles(need(context.authorities, 'the certificate authorities')),
    ...placeholderNetwork(context.record.spec.network),
    ...staticPodPatches(context.record.spec),
    ...(await settingsFiles(context, signal)),
    { path: configPath, content: await configOf(context, node.name, initialMembers), mode: 0o600 },
  ])
  // As after kubeadm join, only one node has the key that is above all roles.
  const skipped = node.name === initialMembers[0] ? secondHalf : [...secondHalf, 'kubeconfig/super-admin']
  // After a power cut there may be files with nothing in them, which kubeadm takes for its own.
  const script = `[ -e ${bootstrappedMarker} ] && exit 0
find /etc/kubernetes /var/lib/kubelet/pki -xdev -type f -empty -delete 2>/dev/null || true
tar --no-same-owner -xf - -C /
if [ ! -e ${initialMemberMarker} ]; then
${lastingFile(initialMemberMarker, initialMembers.join(' '))}fi
${kubeadmInit(skipped)} 2>&1
`
  await runScript(node, 'kubeadm init', script, { stdin, timeoutMs: 180_000, signal })
}

/**
 * Marks the node as a control plane; `first` also uploads kubeadm's configuration and sets up bootstrap
 * tokens and kube-proxy. Repeatable.
 */
export async function finishControlPlane(
  context: StepContext,
  node: NodeHandle,
  first: boolean,
  signal: AbortSignal,
): Promise<void> {
  const stdin = await packBundle([
    { path: configPath, content: await configOf(context, node.name, []), mode: 0o600 },
  ])
  const script = `[ -e ${bootstrappedMarker} ] && exit 0
tar --no-same-owner -xf - -C /
${kubeadmInit([...firstHalf, ...(first ? ['addon/coredns'] : onlyOnce)])} 2>&1
${setUpDone(context.record.spec)}${removeLasting(initialMemberMarker)}`
  await runScript(node, 'kubeadm init', script, { stdin, timeoutMs: 300_000, signal })
}

/** kubeadm's configuration for this node. `before`: what was its user's before an upgrade. */
export async function configOf(
  context: StepContext,
  node: string,
  initialMembers: readonly string[],
  before: Pick<KubeadmInput, 'kept' | 'kubeletFlags' | 'memberOnly'> = {},
): Promise<string> {
  const backend = await context.backendOf(node)
  return initConfiguration({
    ref: context.record,
    spec: context.record.spec,
    node,
    addresses: need(context.addresses, 'the addresses'),
    cgroupDriver: backend.features.cgroupDriver,
    initialMembers,
    patches: patchesDirectory,
    timeoutFactor: await context.timeoutFactor(),
    ...before,
  })
}

async function refuseIfDataElsewhere(context: StepContext, node: string, signal: AbortSignal): Promise<void> {
  for (const other of context.existingControlPlanes.filter((name) => name !== node)) {
    // A node that cannot be asked ends this run: the data may be there.
    if (!(await isBootstrapped(await context.openNode(other, signal), signal))) continue
    throw new PlanOutdated(`control plane "${node}" has an empty disk, "${other}" has the cluster`, node)
  }
}
