import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { criSocket } from '../kubeadm/config.js'
import { authorityFiles } from '../kubeadm/node-files.js'
import { staticPodPatches } from '../kubeadm/static-pod-patches.js'
import { bootstrappedMarker } from '../node/disk.js'
import { memberData } from '../node/node-state.js'
import { runScript } from '../node/run-script.js'
import { settingsFiles } from './settings-files.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { configOf, configPath, kubeadmInit, secondHalf } from './control-plane.js'

/**
 * Starts etcd on the data that a join left which was cut off, so that its vote counts until it joins anew. What else
 * the join wrote may be half there after a power cut, and goes. Repeatable; an etcd that listens is left alone, and so
 * is a disk without data: an etcd of its own must not begin there.
 */
export async function startMember(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const stdin = await packBundle([
    ...authorityFiles(need(context.authorities, 'the certificate authorities')),
    ...staticPodPatches(context.record.spec),
    ...(await settingsFiles(context, signal)),
    { path: configPath, content: await configOf(context, node.name, [], { memberOnly: true }), mode: 0o600 },
  ])
  const script = `[ ! -e ${bootstrappedMarker} ] && compgen -G '${memberData}' >/dev/null || exit 0
(exec 3<>/dev/tcp/127.0.0.1/2379) 2>/dev/null && exit 0
kubeadm reset --force --cri-socket=${criSocket} --skip-phases=preflight,remove-etcd-member </dev/null 2>&1
tar --no-same-owner -xf - -C /
${kubeadmInit([...secondHalf, 'control-plane', 'kubeconfig/super-admin'])} 2>&1
`
  await runScript(node, 'start of etcd', script, { stdin, timeoutMs: 240_000, signal })
}
