import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { applyAddons } from './addons.js'
import { dnsObjects } from '../addons/objects.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { configOf, configPath } from './control-plane.js'
import { runScript } from '../node/run-script.js'
import { configurationScript, proxyScript } from './upgrade-scripts.js'

/** Says the new version where kubeadm looks for it, by way of a control plane that has it. Repeatable. */
export async function upgradeConfiguration(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const stdin = await bundle(context, node)
  await runScript(node, 'kubeadm init', configurationScript, { stdin, timeoutMs: 120_000, signal })
}

/** kube-proxy and DNS of the new version. kube-proxy goes last: it is what tells that both are done. */
export async function upgradeAddons(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  await applyAddons(need(context.api, 'the nested API'), dnsObjects(context.record.spec), signal)
  const seconds = Math.ceil(180 * (await context.timeoutFactor()))
  const stdin = await bundle(context, node)
  await runScript(node, 'kubeadm init', proxyScript(seconds), {
    stdin,
    timeoutMs: 2000 * seconds + 60_000,
    signal,
  })
}

async function bundle(context: StepContext, { name }: NodeHandle): Promise<Buffer> {
  return packBundle([{ path: configPath, content: await configOf(context, name, []), mode: 0o600 }])
}
