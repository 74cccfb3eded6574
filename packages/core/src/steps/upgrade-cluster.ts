import { upgradedDnsObjects } from '../addons/kept-objects.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { Progress } from '../contracts/progress.js'
import { packBundle } from '../kubeadm/bundle.js'
import type { KeptConfiguration } from '../kubeadm/kept-configuration.js'
import { readKeptConfiguration } from '../kubeadm/read-kept.js'
import { runScript } from '../node/run-script.js'
import { applyAddons } from './addons.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { configOf, configPath } from './control-plane.js'
import { addonsScript, configurationScript } from './upgrade-scripts.js'

/**
 * Says the new version where kubeadm looks for it, by way of a control plane that has it. All else there stays as it
 * is. Repeatable.
 */
export async function upgradeConfiguration(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const kept = await readKeptConfiguration(need(context.api, 'the nested API'), signal)
  const stdin = await bundle(context, node, kept)
  const script = configurationScript(context.record.spec.kubernetesVersion)
  await runScript(node, 'kubeadm init', script, { stdin, timeoutMs: 120_000, signal })
}

/**
 * kube-proxy and DNS of the new version, with the settings they have. kube-proxy goes last: it is what tells that
 * both are done. What the cluster does without is not brought back.
 */
export async function upgradeAddons(
  context: StepContext,
  node: NodeHandle,
  progress: Pick<Progress, 'note'>,
  signal: AbortSignal,
): Promise<void> {
  const api = need(context.api, 'the nested API')
  const [kept, dns] = await Promise.all([
    readKeptConfiguration(api, signal),
    upgradedDnsObjects(api, context.record.spec, signal),
  ])
  if (dns === undefined) progress.note('no ConfigMap "kube-system/coredns": DNS is left alone')
  else await applyAddons(api, dns, signal)
  const proxy = kept.proxy !== undefined
  if (!proxy) progress.note('no ConfigMap "kube-system/kube-proxy": kube-proxy is left alone')
  const seconds = Math.ceil(180 * (await context.timeoutFactor()))
  await runScript(node, 'kubeadm init', addonsScript(seconds, { proxy, dns: dns !== undefined }), {
    stdin: await bundle(context, node, kept),
    timeoutMs: 2000 * seconds + 60_000,
    signal,
  })
}

async function bundle(context: StepContext, { name }: NodeHandle, kept: KeptConfiguration): Promise<Buffer> {
  const content = await configOf(context, name, [], { kept })
  return packBundle([{ path: configPath, content, mode: 0o600 }])
}
