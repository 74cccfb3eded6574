import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { packBundle } from '../kubeadm/bundle.js'
import { workerFiles } from '../kubeadm/node-files.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { setUpDone } from '../node/lasting.js'
import { bootstrappedMarker } from '../node/disk.js'
import { runScript } from '../node/run-script.js'
import { standInScript } from './upgrade-scripts.js'

/** Gives the node what `kubeadm join` would leave behind, and starts kubelet. Repeatable. */
export async function startWorker(
  context: StepContext,
  node: NodeHandle,
  {
    pool: poolName,
    imageAliasVersion,
  }: { readonly pool: string; readonly imageAliasVersion?: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { spec } = context.record
  const pool = spec.workers.find(({ name }) => name === poolName)
  if (pool === undefined)
    throw new KnestError('config', `cluster "${context.record.name}" has no worker pool "${poolName}"`)
  const backend = await context.backendOf(node.name)
  const files = await workerFiles({
    ref: context.record,
    node: node.name,
    pool,
    spec,
    addresses: need(context.addresses, 'the addresses'),
    authorities: need(context.authorities, 'the certificate authorities'),
    cgroupDriver: backend.features.cgroupDriver,
  })
  const script = `[ -e ${bootstrappedMarker} ] && exit 0
tar --no-same-owner -xf - -C /
mkdir -p /etc/kubernetes/manifests
${imageAliasVersion === undefined ? '' : standInScript(spec.kubernetesVersion, imageAliasVersion)}systemctl start kubelet
${setUpDone(spec)}`
  await runScript(node, 'start of kubelet', script, {
    stdin: await packBundle(files),
    timeoutMs: 60_000,
    signal,
  })
}
