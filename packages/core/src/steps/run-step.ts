import { carryOut } from './renew-certificates.js'
import { awaitApi } from '../nested-api/await-api.js'
import type { Progress } from '../contracts/progress.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle, NodeSpec } from '../contracts/node-backend.js'
import { isReady } from '../nested-api/conditions.js'
import type { DesiredNode } from '../plan/desired-nodes.js'
import type { Step } from '../plan/step.js'
import type { TimePart } from '../plan/timed.js'
import { awaitPackets } from './await-packets.js'
import { installAddons, installStorage } from './addons.js'
import { awaitDns, awaitNodes, awaitRegistered } from './await-ready.js'
import { need } from './context.js'
import { copyImages } from './copy-images.js'
import { releaseAddresses, reserveAddresses } from './node-addresses.js'
import type { StepContext } from './context.js'
import { bootControlPlane, finishControlPlane } from './control-plane.js'
import { joinControlPlane, resetControlPlane } from './control-plane-members.js'
import { ensureAuthorities, saveKubeconfig } from './ensure-authorities.js'
import { kubeletStarts } from './kubelet-starts.js'
import { registerNode } from './register-node.js'
import { changeKeptSettings, changeProxySettings, endSettings } from './change-kept-settings.js'
import { changeSettings } from './change-settings.js'
import { setUpRegistries } from './set-up-registries.js'
import { serveNames } from './serve-names.js'
import { deleteStaleNode, removeNode, removeStaleMember } from './remove-node.js'
import { upgradeAddons, upgradeConfiguration } from './upgrade-cluster.js'
import { upgradeNode } from './upgrade-node.js'
import { startMember } from './start-member.js'
import { etcdFault, type FindFault } from './why-not-ready.js'
import { startWorker } from './worker.js'

const minute = 60_000

/** Does one step of a plan. Every step may be run again after an interruption anywhere in it. */
export async function runStep(
  context: StepContext,
  step: Step,
  progress: Progress,
  signal: AbortSignal,
  part: TimePart = (_title, work) => work(),
): Promise<void> {
  const { record, home } = context
  const open = (node: string): Promise<NodeHandle> => context.openNode(node, signal)
  switch (step.kind) {
    case 'ensure-addresses':
      context.addresses = await home.ensureAddresses(record, step.controlPlanes, signal)
      context.reservations = await reserveAddresses(context, signal)
      return
    case 'ensure-authorities':
      context.authorities = await ensureAuthorities(context, progress, signal)
      return
    case 'renew-certificates':
      return carryOut(context, step.renewal, { progress, signal })
    case 'serve-names':
      return serveNames(context, step.unnamed, signal)
    case 'ensure-node': {
      const backend = await context.backend(step.node.backend)
      await backend.ensureNode(nodeSpec(context, step.node), signal, (text) => progress.note(text))
      return
    }
    case 'boot-control-plane':
      return bootControlPlane(context, await open(step.node), step, signal)
    case 'reset-control-plane':
      return resetControlPlane(context, await open(step.node), step, signal)
    case 'start-member':
      return startMember(context, await open(step.node), signal)
    case 'await-api': {
      const nodes = await openSome(step.nodes, open)
      const authorities = need(context.authorities, 'the certificate authorities')
      context.api = await context.openNestedApi({ cluster: record.name, nodes, authorities })
      return awaitApi(context.api, nodes, await patience(context, signal))
    }
    case 'finish-control-plane':
      return finishControlPlane(context, await open(step.node), step.first, signal)
    case 'join-control-plane':
      return joinControlPlane(context, await open(step.node), signal)
    case 'upgrade-node':
      return upgradeNode(context, step, nodeSpec(context, step.node), progress, signal)
    case 'upgrade-configuration':
      return upgradeConfiguration(context, await open(step.node), signal)
    case 'upgrade-addons':
      return upgradeAddons(context, await open(step.node), progress, signal)
    case 'change-settings':
      return changeSettings(context, step, progress, signal)
    case 'change-kept-settings':
      return changeKeptSettings(context, signal)
    case 'change-proxy-settings':
      return changeProxySettings(context, step.digest, signal)
    case 'end-settings':
      return endSettings(context, signal)
    case 'install-addons':
      return installAddons(context, (text) => progress.note(text), signal)
    case 'install-storage':
      return installStorage(context, signal)
    case 'start-worker':
      return startWorker(context, await open(step.node), step, signal)
    case 'register-node':
      return registerNode(context, await open(step.node), step.role, signal)
    case 'load-images':
      return copyImages(context, step, progress, signal)
    case 'write-registries':
      return setUpRegistries(context, await open(step.node), progress, signal)
    case 'forget-member':
      return deleteStaleNode(context, step.node, signal)
    case 'remove-member':
      return removeStaleMember(context, step.node, signal)
    case 'remove-node':
      return removeNode(context, step, progress, signal)
    case 'await-ready': {
      const api = need(context.api, 'the nested API')
      const wait = await patience(context, signal)
      const { registered } = step
      if (!step.network) return awaitRegistered(api, step.nodes, { ...wait, registered })
      await Promise.all([
        part('Nodes are Ready', async () => {
          const since = await kubeletStarts(await readyOf(step.again, api, signal), open, signal)
          const fault: FindFault = (under) => etcdFault(context, under)
          return awaitNodes(api, step.nodes, { ...wait, since, fault, registered })
        }),
        step.dns ? part('DNS is Available', () => awaitDns(api, wait)) : undefined,
      ])
      // Later on NetworkPolicies may keep nodes from asking.
      if (step.dns && record.phase === 'Creating')
        await part('Packets go from node to node', () => awaitPackets(context, api, step.nodes, signal))
      return
    }
    case 'save-kubeconfig':
      return saveKubeconfig(context, signal)
    case 'delete-node': {
      const backend = await context.backendOf(step.node)
      return backend.deleteNode(record, step.node, { keepData: step.keepData, signal })
    }
    case 'remove-record':
      if (step.isRetained && home.retain !== undefined) {
        await home.retain(record, signal)
        progress.note(
          `disks, keys and addresses of cluster "${record.name}" stay: its deletion policy is Retain`,
        )
        return
      }
      await releaseAddresses(context, undefined, signal)
      return home.remove(record, { keepData: false, signal, note: (text) => progress.note(text) })
  }
}

/** Those of the nodes that can be reached: one that cannot does not keep the others from being asked. */
async function openSome(
  names: readonly string[],
  open: (node: string) => Promise<NodeHandle>,
): Promise<readonly NodeHandle[]> {
  const opened = await Promise.allSettled(names.map(open))
  const nodes = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = opened.find((each) => each.status === 'rejected')
  if (nodes.length === 0 && failed !== undefined) throw failed.reason
  return nodes
}

/** Those that were Ready already, perhaps by the last word of the kubelet before. */
async function readyOf(
  names: readonly string[],
  api: KubeApi,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (names.length === 0) return []
  const ready = (await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal })).filter(isReady)
  return names.filter((name) => ready.some(({ metadata }) => metadata.name === name))
}

/** For waits that take seconds, or minutes where machines are emulated. */
async function patience(
  context: StepContext,
  signal: AbortSignal,
): Promise<{ readonly timeoutMs: number; readonly signal: AbortSignal }> {
  return { timeoutMs: 10 * minute * (await context.timeoutFactor()), signal }
}

function nodeSpec(context: StepContext, node: DesiredNode): NodeSpec {
  const { record } = context
  const addresses = need(context.addresses, 'the addresses')
  return {
    cluster: { name: record.name, namespace: record.namespace },
    clusterUid: record.uid,
    name: node.name,
    role: node.role,
    pool: node.pool,
    image: record.spec.image,
    vmImage: record.spec.vmImage,
    machine: node.machine,
    identity: addresses.identities.get(node.name),
    hosts: addresses.hosts,
    reservation: context.reservations.get(node.name),
    persistent: record.spec.persistence.enabled,
    storageClass: record.spec.persistence.storageClass,
    hostPatches: record.spec.hostPatches,
    hostPod: node.hostPod,
  }
}
