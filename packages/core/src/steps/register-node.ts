import type { NodeRole } from '../contracts/cluster.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { restartKubelet } from '../node/kubelet.js'
import { runScript } from '../node/run-script.js'
import { pause } from '../signals.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { configOf, configPath } from './control-plane.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
/** A kubelet that has just been started registers within seconds. */
const patienceMs = 15_000
const registersMs = 60_000

/**
 * Has the kubelet of a node whose Node object is gone make another: it does so only when it starts. What kubeadm had
 * written on that of a control plane is written again. Repeatable.
 */
export async function registerNode(
  context: StepContext,
  node: NodeHandle,
  role: NodeRole,
  signal: AbortSignal,
): Promise<void> {
  const api = need(context.api, 'the nested API')
  if (await appears(api, node.name, patienceMs, signal)) return
  await runScript(node, 'restart of kubelet', `${restartKubelet}\n`, { timeoutMs: 60_000, signal })
  // Who waits for the node says what is wrong with one that does not come.
  if (role === 'worker' || !(await appears(api, node.name, registersMs, signal))) return
  const stdin = await packBundle([
    { path: configPath, content: await configOf(context, node.name, []), mode: 0o600 },
  ])
  const script = `tar --no-same-owner -xf - -C /
kubeadm init phase mark-control-plane --config ${configPath} 2>&1
`
  await runScript(node, 'kubeadm init phase mark-control-plane', script, { stdin, timeoutMs: 60_000, signal })
}

async function appears(api: KubeApi, name: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + withinMs
  for (;;) {
    if ((await api.get(nodeKind, name, undefined, signal)) !== undefined) return true
    if (Date.now() > deadline) return false
    await pause(500, signal)
  }
}
