import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle, NodeSpec } from '../contracts/node-backend.js'
import type { Progress } from '../contracts/progress.js'
import { KnestError } from '../errors.js'
import { packBundle } from '../kubeadm/bundle.js'
import { workerFiles } from '../kubeadm/node-files.js'
import { staticPodPatches } from '../kubeadm/static-pod-patches.js'
import type { Step } from '../plan/step.js'
import { awaitTraffic } from './await-traffic.js'
import { awaitUpgraded } from './await-upgraded.js'
import { beginUpgrade, readBeforeUpgrade } from './before-upgrade.js'
import { changeImage } from './change-image.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { configOf, configPath } from './control-plane.js'
import { isOnlyMember, isSoleControlPlane, otherControlPlanes, removableMember } from './etcd-members.js'
import { keptIfKnown, keptInCluster, openApi } from './kept-in-cluster.js'
import { kubeletStarted } from '../node/kubelet.js'
import { removeLasting, syncLaidOut } from '../node/lasting.js'
import { readNodeState, upgradingMarker } from '../node/node-state.js'
import { settingsFiles } from './settings-files.js'
import { drain, removeLost } from './remove-node.js'
import { runScript } from '../node/run-script.js'
import { awaitVersionScript, controlPlaneScript, heldKubeconfig, workerScript } from './upgrade-scripts.js'

type UpgradeStep = Extract<Step, { kind: 'upgrade-node' }>

const minute = 60_000

/**
 * Brings one node to the record's version: its workloads go, its image is changed, kubeadm of the new image
 * writes what kubelet starts with, and it is given workloads again when it is Ready. Repeatable after an
 * interruption anywhere; a node that is done already is left alone.
 */
export async function upgradeNode(
  context: StepContext,
  step: UpgradeStep,
  spec: NodeSpec,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { name, role } = step.node
  const version = context.record.spec.kubernetesVersion
  const node = await context.openNode(name, signal)
  const state = await readNodeState(node, signal)
  if (state.disk !== 'bootstrapped') return
  if (state.version === version && !state.upgrading) return
  if (state.version !== version) {
    // Held before: it went out of the others' way then, and its API server may be away since.
    if (!(await isHeld(node, signal))) await makeWay(context, step, node, progress, signal)
    await changeImage(context, spec, { node, from: state.version }, signal)
  }
  const factor = await context.timeoutFactor()
  progress.note('writing the configuration of the new version')
  await configure(context, step, await context.openNode(name, signal), signal)
  const since = await kubeletStarted(node, signal)
  if (role === 'control-plane') {
    const seconds = Math.ceil(300 * factor)
    await runScript(node, 'start of the API server', awaitVersionScript(version, seconds), {
      timeoutMs: (seconds + 30) * 1000,
      signal,
    })
    await awaitTraffic(context, name, signal)
  }
  progress.note('waiting for the node to be Ready')
  const api = await openApi(context, signal)
  try {
    const network = context.record.spec.network.cni !== 'none'
    await awaitUpgraded(api, name, { version, since, network, timeoutMs: 5 * minute * factor, signal })
    await giveBack(api, node, name, signal)
  } finally {
    api.close()
  }
}

/** Looks whether the others can do without it, and moves its workloads to them. */
async function makeWay(
  context: StepContext,
  { node: { name, role }, drain: wanted, lost }: UpgradeStep,
  node: NodeHandle,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const isSole =
    role === 'control-plane' &&
    ((await isSoleControlPlane(context, name, signal)) || (await isOnlyMember(context, node, signal)))
  const helpers = isSole ? ([node] as const) : await otherControlPlanes(context, name, signal)
  let [helper] = helpers
  if (role === 'control-plane' && !isSole) {
    await removeLost(context, helpers, lost, signal)
    helper = (await removableMember(context, helpers, name, signal)).by
  }
  const argv = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', 'get', 'node', name]
  const { stdout } = await helper.execText([...argv, '-o', 'jsonpath={.spec.unschedulable}'], {
    timeoutMs: 30_000,
    signal,
  })
  const kept = await keptInCluster(context, signal)
  await beginUpgrade(node, { cordoned: stdout.trim() === 'true', kept }, signal)
  if (wanted) {
    progress.note('draining')
    await drain(helper, name, (text) => progress.warn(text), signal, 'upgraded')
  }
}

async function isHeld(node: NodeHandle, signal: AbortSignal): Promise<boolean> {
  const { exitCode } = await node.execText(['test', '-e', heldKubeconfig], { timeoutMs: 30_000, signal })
  return exitCode === 0
}

async function configure(
  context: StepContext,
  { node: { name, role, pool } }: UpgradeStep,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const { kept = await keptIfKnown(context, signal), kubeletFlags } = await readBeforeUpgrade(node, signal)
  const before = { kept, kubeletFlags }
  if (role === 'control-plane') {
    const content = await configOf(context, name, [], before)
    const config = { path: configPath, content, mode: 0o600 }
    const given = await settingsFiles(context, signal)
    const files = [config, ...staticPodPatches(context.record.spec), ...given]
    const options = { stdin: await packBundle(files), timeoutMs: 3 * minute, signal }
    await runScript(node, 'kubeadm init', controlPlaneScript, options)
    return
  }
  const { spec } = context.record
  const found = spec.workers.find((candidate) => candidate.name === pool)
  if (found === undefined)
    throw new KnestError('config', `cluster "${context.record.name}" has no worker pool "${pool}"`)
  const files = await workerFiles({
    ref: context.record,
    node: name,
    pool: found,
    spec,
    addresses: need(context.addresses, 'the addresses'),
    authorities: need(context.authorities, 'the certificate authorities'),
    cgroupDriver: (await context.backendOf(name)).features.cgroupDriver,
    ...before,
  })
  // Its certificate and the kubeconfig that names it stay.
  const settings = files.filter((file) => !('target' in file) && /\.(yaml|env)$/.test(file.path))
  const options = { stdin: await packBundle(settings), timeoutMs: minute, signal }
  await runScript(node, 'start of kubelet', workerScript, options)
}

/** Lets workloads come, unless somebody had forbidden it before the upgrade. */
async function giveBack(api: KubeApi, node: NodeHandle, name: string, signal: AbortSignal): Promise<void> {
  const before = await runScript(
    node,
    'look at the upgrade',
    `cat ${upgradingMarker} 2>/dev/null || true\n`,
    {
      timeoutMs: 30_000,
      signal,
    },
  )
  if (before.trim() !== 'cordoned')
    await api.patch(
      { apiVersion: 'v1', kind: 'Node' },
      name,
      undefined,
      { spec: { unschedulable: null } },
      { signal },
    )
  await runScript(node, 'end of the upgrade', `${syncLaidOut}${removeLasting(upgradingMarker)}`, {
    timeoutMs: 30_000,
    signal,
  })
}
