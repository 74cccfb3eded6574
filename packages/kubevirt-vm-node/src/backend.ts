import { applyOwn, KnestError, labels, clusterCommand, notStarted } from '@knest/core'
import type { ClusterRef, KubeApi, NodeBackend, NodeHandle, NodeRole, NodeSpec } from '@knest/core'
import { userDataSecret } from './cloud-init.js'
import { deleteVm } from './delete-vm.js'
import { timeoutFactorOf } from './host-facts.js'
import { vmKind } from './kubevirt.js'
import { listVmNodes, roleOf } from './list-nodes.js'
import { virtualMachine } from './manifest.js'
import type { VmNodeOptions } from './options.js'
import { preflight } from './preflight.js'
import { ensureRootDisk } from './root-disk.js'
import { usualLimits } from './ssh/connect.js'
import { openSshNode } from './ssh/node-handle.js'
import { SshSession } from './ssh/session.js'
import { ensureNodeKeys } from './ssh-keys.js'
import { sshRoute } from './ssh-route.js'
import { waitForVm } from './wait-for-vm.js'

/** Until a VM takes SSH connections, on hardware. Its image may have to be pulled first. */
const bootMs = 300_000
/** Until the image is on the disk of a persistent node. */
const fillMs = 600_000
/** Until a VM that was ready is reached: it may be restarting. */
const reachMs = 180_000
const nodeReadySeconds = 50

/**
 * A node is a KubeVirt VirtualMachine of the host; commands reach it over SSH, through the host's API. Its
 * connections end when `api` is closed.
 */
export function createVmNodeBackend(api: KubeApi, options: VmNodeOptions = {}): NodeBackend {
  const sessions = new Map<string, SshSession>()
  let asked: Promise<number> | undefined
  const timeoutFactor = (): Promise<number> => (asked ??= timeoutFactorOf(api, AbortSignal.timeout(10_000)))

  const sessionOf = async (cluster: ClusterRef, node: string): Promise<SshSession> => {
    const key = `${cluster.namespace}/${node}`
    const factor = await timeoutFactor()
    const session =
      sessions.get(key) ??
      new SshSession(sshRoute(api, cluster, node), {
        bannerMs: usualLimits.bannerMs * factor,
        loginMs: usualLimits.loginMs * factor,
        keepaliveMs: usualLimits.keepaliveMs,
        reachMs: reachMs * factor,
      })
    sessions.set(key, session)
    return session
  }
  const handle = async (cluster: ClusterRef, name: string, role: NodeRole): Promise<NodeHandle> =>
    openSshNode({
      name,
      role,
      session: await sessionOf(cluster, name),
      timeoutFactor,
      jobsFolder: options.jobsFolder,
    })

  return {
    name: 'vm',
    features: { ownKernel: true, cgroupDriver: 'systemd', access: 'ssh' },

    timeoutFactor,

    preflight: (spec, signal, cluster, existing) =>
      preflight(api, cluster, spec, { ...options, existing }, signal),

    ensureNode: async (spec: NodeSpec, signal, note) => {
      const factor = await timeoutFactor()
      const keys = await ensureNodeKeys(api, spec, signal)
      await applyOwn(api, userDataSecret(spec, keys), { signal })
      const root = await ensureRootDisk(api, spec, { timeoutMs: fillMs, signal })
      await applyOwn(api, virtualMachine(spec, root, options), { signal })
      const dataVolume = root === 'data-volume'
      const timeoutMs = bootMs * factor + (dataVolume ? fillMs : 0)
      await waitForVm(api, spec, { timeoutMs, signal, dataVolume, note })
      const node = await handle(spec.cluster, spec.name, spec.role)
      await awaitNode(node, spec, factor, signal)
      return node
    },

    openNode: async (cluster, name, signal) => {
      const vm = await api.get(vmKind, name, cluster.namespace, signal)
      if (vm === undefined || vm.metadata.labels?.[labels.cluster] !== cluster.name) {
        throw new KnestError('not-found', `cluster "${cluster.name}" has no node "${name}"`, {
          hint: `see: ${clusterCommand('status', cluster)}`,
        })
      }
      return handle(cluster, name, roleOf(vm))
    },

    listNodes: (cluster, signal) => listVmNodes(api, cluster, signal),

    deleteNode: async (cluster, name, { keepData, signal }) => {
      const key = `${cluster.namespace}/${name}`
      sessions.get(key)?.end()
      sessions.delete(key)
      await deleteVm(api, cluster, name, { keepData, signal })
    },
  }
}

async function awaitNode(
  node: NodeHandle,
  spec: NodeSpec,
  factor: number,
  signal: AbortSignal,
): Promise<void> {
  const argv = ['knest-init', 'ready', '--wait', String(nodeReadySeconds * factor)]
  // The handle itself gives an emulated machine more time.
  const ready = await node.execText(argv, { timeoutMs: (nodeReadySeconds + 10) * 1000, signal })
  if (ready.exitCode === 0) return
  const journal = ['--', 'journalctl', '-u', 'knest-node', '-u', 'containerd']
  throw notStarted(spec.name, ready, `see: ${clusterCommand('ssh', spec.cluster, spec.name, ...journal)}`)
}
