import { setTimeout as delay } from 'node:timers/promises'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { etcdctl, etcdMembers } from '../etcd/index.js'
import { packBundle } from '../kubeadm/bundle.js'
import { joinConfiguration } from '../kubeadm/config.js'
import { authorityFiles } from '../kubeadm/node-files.js'
import { adminCertificate } from '../pki/index.js'
import { renderKubeconfig } from '../kubeconfig/index.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { otherControlPlane } from './remove-node.js'
import { bootstrappedMarker, isBootstrapped, runScript } from './run-script.js'

const configPath = '/etc/kubernetes/knest-kubeadm.yaml'
const discoveryPath = '/etc/kubernetes/knest-discovery.conf'

/**
 * Joins a further control plane by kubeadm: etcd learner, promotion, static pods. Repeatable. A member
 * that an earlier disk of this node was goes first: etcd would wait for it for ever.
 */
export async function joinControlPlane(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  if (!(await isBootstrapped(node, signal))) {
    const helper = await otherControlPlane(context, context.controlPlanes, node.name, signal)
    await removeControlPlane(context, helper, node.name, signal)
  }
  const authorities = need(context.authorities, 'the certificate authorities')
  const addresses = need(context.addresses, 'the addresses')
  const client = await adminCertificate(authorities.ca, { group: 'system:masters', validityDays: 1 })
  const config = joinConfiguration({ spec: context.record.spec, node: node.name, addresses, discoveryPath })
  const discovery = renderKubeconfig({
    name: context.record.name,
    server: `https://${addresses.controlPlaneEndpoint}`,
    ca: authorities.ca.cert,
    clientCert: client.cert,
    clientKey: client.key,
  })
  const stdin = await packBundle([
    ...authorityFiles(authorities),
    { path: configPath, content: config, mode: 0o600 },
    { path: discoveryPath, content: discovery, mode: 0o600 },
  ])
  const script = `tar --no-same-owner -xf - -C /
[ -e ${bootstrappedMarker} ] && exit 0
kubeadm join --config ${configPath} --skip-phases=preflight 2>&1
rm -f ${discoveryPath}
touch ${bootstrappedMarker}
`
  await runScript(node, 'kubeadm join', script, { stdin, timeoutMs: 600_000, signal })
}

/** Takes a control plane out of etcd, by way of one that stays. Absent is fine. */
export async function removeControlPlane(
  context: StepContext,
  helper: NodeHandle,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const member = (await etcdMembers(helper, signal)).find(({ name }) => name === node)
  if (member === undefined) return
  const deadline = Date.now() + 60_000
  for (;;) {
    const result = await helper.exec([...etcdctl, 'member', 'remove', member.id], {
      timeoutMs: 30_000,
      signal,
    })
    if (result.exitCode === 0 || result.stderr.includes('not found')) return
    // etcd refuses while a member that joined a moment ago is not yet healthy.
    if (Date.now() > deadline) {
      throw new KnestError(
        'timeout',
        `etcd of "${context.record.name}" does not let member "${node}" go: ${result.stderr.trim().split('\n').at(-1) ?? ''}`,
        {
          hint: 'run the same command again when all control planes are Ready',
        },
      )
    }
    await delay(1000, undefined, { signal })
  }
}
