import { setTimeout as delay } from 'node:timers/promises'
import { openNestedApi } from '../nested-api/open.js'
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
import { need } from './context.js'
import type { StepContext } from './context.js'
import { configOf, configPath } from './control-plane.js'
import { otherControlPlanes, removableMember, removeMember } from './etcd-members.js'
import { readNodeState, upgradingMarker } from '../node/node-state.js'
import { drain } from './remove-node.js'
import { runScript } from '../node/run-script.js'
import {
  awaitVersionScript,
  beginScript,
  controlPlaneScript,
  holdScript,
  letGoScript,
  workerScript,
} from './upgrade-scripts.js'

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
    await makeWay(context, step, node, progress, signal)
    await changeImage(context, spec, node, signal)
  }
  const factor = await context.timeoutFactor()
  progress.note('writing the configuration of the new version')
  await configure(context, step, await context.openNode(name, signal), signal)
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
    await awaitUpgraded(api, name, { version, network, timeoutMs: 5 * minute * factor, signal })
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
  const isSole = role === 'control-plane' && context.existingControlPlanes.length === 1
  const helpers = isSole ? ([node] as const) : await otherControlPlanes(context, name, signal)
  let [helper] = helpers
  if (role === 'control-plane' && !isSole) {
    for (const gone of lost) await removeMember(context, helpers, gone, signal)
    helper = (await removableMember(context, helpers, name, signal)).by
  }
  const argv = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', 'get', 'node', name]
  const { stdout } = await helper.execText([...argv, '-o', 'jsonpath={.spec.unschedulable}'], {
    timeoutMs: 30_000,
    signal,
  })
  const script = beginScript(stdout.trim() === 'true')
  await runScript(node, 'begin of the upgrade', script, { timeoutMs: 30_000, signal })
  if (wanted) {
    progress.note('draining')
    await drain(helper, name, (text) => progress.warn(text), signal, 'upgraded')
  }
}

async function changeImage(
  context: StepContext,
  spec: NodeSpec,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const backend = await context.backendOf(spec.name)
  if (backend.upgradeNode === undefined)
    throw new KnestError('config', `node "${spec.name}" cannot be given another image while it lives`)
  await runScript(node, 'hold of kubelet', holdScript, { timeoutMs: 30_000, signal })
  try {
    await backend.upgradeNode(spec, signal)
    await awaitImage(context, spec, signal)
  } catch (error) {
    // It runs its old image still, or again: without kubelet it would be of no use to anybody.
    const back = await context.openNode(spec.name, signal).catch(() => undefined)
    if (back !== undefined && !signal.aborted && !(await hasVersion(context, back, signal)))
      await runScript(back, 'start of kubelet', letGoScript, { timeoutMs: minute, signal }).catch(
        () => undefined,
      )
    throw error
  }
}

async function hasVersion(context: StepContext, node: NodeHandle, signal: AbortSignal): Promise<boolean> {
  const state = await readNodeState(node, signal).catch(() => undefined)
  return state?.version === context.record.spec.kubernetesVersion
}

/** The host may need a moment to begin; and an image can hold another version than its name says. */
async function awaitImage(
  { record, ...context }: StepContext,
  spec: NodeSpec,
  signal: AbortSignal,
): Promise<void> {
  const wanted = record.spec.kubernetesVersion
  const deadline = Date.now() + minute
  for (;;) {
    const node = await context.openNode(spec.name, signal)
    const found = await readNodeState(node, signal).catch(() => undefined)
    if (found?.version === wanted) return
    if (Date.now() > deadline)
      throw new KnestError(
        'config',
        `image "${spec.image}" of node "${spec.name}" has Kubernetes ${found?.version ?? 'of no known version'}, not ${wanted}`,
        { hint: 'give the image of that version with --image' },
      )
    await delay(500, undefined, { signal })
  }
}

async function configure(
  context: StepContext,
  { node: { name, role, pool } }: UpgradeStep,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  if (role === 'control-plane') {
    const config = { path: configPath, content: await configOf(context, name, []), mode: 0o600 }
    const files = [config, ...staticPodPatches()]
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
  })
  // Its certificate and the kubeconfig that names it stay.
  const settings = files.filter((file) => !('target' in file) && /\.(yaml|env)$/.test(file.path))
  const options = { stdin: await packBundle(settings), timeoutMs: minute, signal }
  await runScript(node, 'start of kubelet', workerScript, options)
}

async function openApi(context: StepContext, signal: AbortSignal): Promise<KubeApi> {
  const nodes = await Promise.all(
    context.existingControlPlanes.map((name) => context.openNode(name, signal).catch(() => undefined)),
  )
  return openNestedApi({
    cluster: context.record.name,
    nodes: nodes.filter((node) => node !== undefined),
    authorities: need(context.authorities, 'the certificate authorities'),
  })
}

/** Lets workloads come, unless somebody had forbidden it before the upgrade. */
async function giveBack(api: KubeApi, node: NodeHandle, name: string, signal: AbortSignal): Promise<void> {
  const before = await runScript(node, 'look at the upgrade', `cat ${upgradingMarker}\n`, {
    timeoutMs: 30_000,
    signal,
  })
  if (before.trim() !== 'cordoned')
    await api.patch(
      { apiVersion: 'v1', kind: 'Node' },
      name,
      undefined,
      { spec: { unschedulable: null } },
      { signal },
    )
  await runScript(node, 'end of the upgrade', `rm -f ${upgradingMarker}\n`, { timeoutMs: 30_000, signal })
}
