import { isNothing } from '../certificates/plan.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import { controlPlaneSteps, forgetOf, isInitialized } from './control-plane-steps.js'
import type { DesiredNode } from './desired-nodes.js'
import { afterImages, imageSteps } from './image-steps.js'
import { afterRegistries, registrySteps } from './registry-steps.js'
import { lastingNodes } from './lasting-nodes.js'
import { forgetSteps, removeSteps, staleMemberSteps } from './leaving.js'
import { registerSteps } from './register.js'
import { heldUp, memberSteps, revived } from './revive.js'
import type { RemoveMember } from './leaving.js'
import { lostMembers } from './lost-members.js'
import { removedMembers, resetRemoved, withoutRemoved } from './removed-members.js'
import type { ObservedCluster } from './observed.js'
import type { Step } from './step.js'
import { planSettings } from './settings-steps.js'
import { defaultPace, planUpgrade, surgeNodes } from './upgrade.js'
import type { UpgradePace, UpgradePlan } from './upgrade.js'

/**
 * What must be done so that the cluster becomes as desired. Pure: create, resume, scale, upgrade and repair
 * are the same difference. A cluster that is as desired still gets the steps that only look.
 */
export function planCluster(
  ref: ClusterRef,
  spec: ClusterSpec,
  found: ObservedCluster,
  pace: UpgradePace = defaultPace,
): readonly Step[] {
  const removed = removedMembers(found)
  const observed = withoutRemoved(found, removed)
  const lasting = lastingNodes(ref, spec, observed)
  const surge = surgeNodes(ref, spec, observed, pace)
  const desired = [...lasting, ...surge]
  const controlPlanes = desired.filter(({ role }) => role === 'control-plane')
  const joining = desired.filter(({ name }) => isJoining(observed, name))
  // False when no control plane that is there was set up completely: the cluster begins (anew) on them.
  const begun = observed.nodes.some(
    ({ role, disk }) => role === 'control-plane' && (disk === 'bootstrapped' || disk === undefined),
  )
  // Until then all members are of this run: a kubelet whose Node object was removed does not register again.
  const resets = resetRemoved(removed, joining)
  const forgotten = begun ? forgetSteps(observed, joining, resets) : []
  const stale = begun ? staleMemberSteps(ref, observed, desired) : []
  const renewal = isInitialized(observed) ? renewalStep(observed) : []
  const starts = begun ? memberSteps(observed, joining) : []
  const before = ['addresses', 'authorities', ...[...renewal, ...starts].map(({ id }) => id)]
  const again = begun ? revived(spec, observed, desired) : []
  const there = begun ? observed : { ...observed, nodes: [] }
  const leaving = begun ? [...heldUp(spec, observed, desired), ...again] : []
  const lost = lostMembers(there, stale, desired, leaving)
  const upgrade = planUpgrade(spec, lasting, there, before, pace, { surge, lost, leaving })
  const first = [...before, ...lastOf(upgrade.controlPlanes).map(({ id }) => id)]
  const settings = planSettings(lasting, there, first, lost)
  const configuration = [...upgrade.configuration, ...settings.configuration]
  const naming = isInitialized(observed) ? namingStep(observed, controlPlanes, configuration) : []
  const made: readonly Step[] = [
    {
      kind: 'ensure-addresses',
      id: 'addresses',
      title: 'Reserve addresses',
      needs: [],
      controlPlanes: addressed(controlPlanes, observed, stale),
    },
    { kind: 'ensure-authorities', id: 'authorities', title: 'Create certificate authorities', needs: [] },
    ...renewal,
    ...joining.map(ensureNode),
    ...again.map((node) => ({
      ...ensureNode(node),
      title: `Create node "${node.name}" once more: etcd may need what is on its disk`,
    })),
    ...starts,
    ...upgrade.controlPlanes,
    ...settings.controlPlanes,
    ...controlPlaneSteps(controlPlanes, joining, observed, [...resets, ...forgotten, ...stale]).map((step) =>
      // An API server with expired certificates never answers, and one that is upgraded goes away.
      step.kind === 'await-api'
        ? {
            ...step,
            needs: [
              ...step.needs,
              ...[
                ...renewal,
                ...starts,
                ...lastOf([...upgrade.controlPlanes, ...settings.controlPlanes]),
              ].map(({ id }) => id),
            ],
          }
        : afterConfiguration(step, [...configuration, ...naming]),
    ),
    ...naming,
    ...upgrade.configuration,
    ...upgrade.workers,
    ...upgrade.addons,
    ...settings.configuration,
    ...settings.workers,
    ...settings.end,
    ...(begun && observed.addonsInstalled ? storageStep(spec, observed) : [addonsStep(spec)]),
    ...resets,
    ...forgotten,
    ...stale,
    ...registerSteps(lasting, observed, begun),
    ...joining
      .filter(({ role }) => role === 'worker')
      .map((node) =>
        startWorker(node, forgotten, surge.includes(node) ? observed.configured?.proxy : undefined),
      ),
  ]
  const images = imageSteps(desired, joining, observed, made)
  const registries = registrySteps(spec, desired, joining, observed, made)
  const steps = [
    ...made.map((step) => afterRegistries(afterImages(step, images), registries)),
    ...registries,
    ...images,
  ]
  steps.push(...removeSteps(observed, desired, steps), ...removeSurge(surge, upgrade))
  steps.push({
    kind: 'save-kubeconfig',
    id: 'kubeconfig',
    title: 'Save the kubeconfig',
    needs: ['addresses', 'authorities', ...naming.map(({ id }) => id)],
  })
  const nodes = lasting.map(({ name }) => name)
  // Without a network no node can become Ready and no DNS pod can start: whoever brings it waits for them.
  const network = spec.network.cni !== 'none'
  const count = `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`
  steps.push({
    kind: 'await-ready',
    id: 'ready',
    title: network ? `Wait for ${count} and DNS to be ready` : `Wait for ${count} to register`,
    needs: steps.map(({ id }) => id),
    nodes,
    network,
    dns: network,
    again: begun ? startedBefore(nodes, observed) : [],
    registered: begun ? nodes.filter((name) => isRegistered(name, joining, observed)) : [],
  })
  return steps
}

/** Those of the nodes that have a Node object already, or may have: in it is what their kubelets said last. */
function startedBefore(nodes: readonly string[], { members }: ObservedCluster): readonly string[] {
  return nodes.filter((name) => members?.includes(name) ?? true)
}

/** Nothing of this plan takes its Node object away. */
function isRegistered(name: string, joining: readonly DesiredNode[], { members }: ObservedCluster): boolean {
  return members?.includes(name) === true && !joining.some((node) => node.name === name)
}

/** Those for which no other of them waits. */
function lastOf(steps: readonly Step[]): readonly Step[] {
  return steps.filter(({ id }) => !steps.some(({ needs }) => needs.includes(id)))
}

/** kubeadm joins a control plane by what is written in the cluster. */
function afterConfiguration(step: Step, configuration: readonly Step[]): Step {
  if (step.kind !== 'join-control-plane' || configuration.length === 0) return step
  return { ...step, needs: [...step.needs, ...configuration.map(({ id }) => id)] }
}

/**
 * Everything away. Nodes go first, at once; the record last, so that the same plan can be made again. With
 * `keepData` the disks stay, and so do the record, the CAs and the addresses that are worthless without them; with
 * `isRetained` all of that but the record.
 */
export function planRemoval(
  ref: ClusterRef,
  nodes: readonly { readonly name: string }[],
  keepData: boolean,
  isRetained = false,
): readonly Step[] {
  const keepsDisks = keepData || isRetained
  const removals = nodes.map(({ name }): Step => ({
    kind: 'delete-node',
    id: `delete:${name}`,
    title: `Delete node "${name}"${keepsDisks ? ', keep its disk' : ''}`,
    needs: [],
    node: name,
    keepData: keepsDisks,
  }))
  if (keepData) return removals
  return [
    ...removals,
    {
      kind: 'remove-record',
      id: 'record',
      title: isRetained
        ? `Remove cluster "${ref.name}"; its keys and addresses stay, too`
        : `Remove what is left of cluster "${ref.name}"`,
      isRetained,
      needs: removals.map(({ id }) => id),
    },
  ]
}

function addonsStep({ addons }: ClusterSpec): Step {
  const what = addons?.storage === 'none' ? 'network and DNS' : 'network, DNS and storage'
  return { kind: 'install-addons', id: 'addons', title: `Install ${what}`, needs: ['api'] }
}

/** Of a cluster that was made without: only where it is asked for by name, since there may be another. */
function storageStep({ addons: wanted }: ClusterSpec, { storage }: ObservedCluster): readonly Step[] {
  if (wanted?.storage !== 'local-path' || storage !== false) return []
  return [{ kind: 'install-storage', id: 'storage', title: 'Install storage', needs: ['api'] }]
}

function renewalStep({ renewal }: ObservedCluster): readonly Step[] {
  if (renewal === undefined || isNothing(renewal)) return []
  const title = 'Renew certificates that end soon'
  return [{ kind: 'renew-certificates', id: 'certificates', title, needs: ['authorities'], renewal }]
}

/** Control planes that go need no other names. Two steps that write kubeadm's configuration go one after the other. */
function namingStep(
  { unnamed }: ObservedCluster,
  controlPlanes: readonly DesiredNode[],
  configuration: readonly Step[],
): readonly Step[] {
  const nodes = (unnamed?.nodes ?? []).filter((node) => controlPlanes.some(({ name }) => name === node))
  if (unnamed === undefined || nodes.length === 0) return []
  const title = `Add to the certificate of the API: ${unnamed.names.join(', ')}`
  return [
    {
      kind: 'serve-names',
      id: 'names',
      title,
      needs: ['authorities', 'api', ...configuration.map(({ id }) => id)],
      unnamed: { ...unnamed, nodes },
    },
  ]
}

/**
 * Whether a node is made and set up. One that is away may be asked when it is there; one that runs and gives no
 * answer is left alone, unless nobody else has the cluster: then it may be the one.
 */
function isJoining(observed: ObservedCluster, name: string): boolean {
  const node = observed.nodes.find((candidate) => candidate.name === name)
  if (node?.silent === true) return node.role === 'control-plane' && !isInitialized(observed)
  return node?.disk !== 'bootstrapped'
}

/** All whose etcd member may have to be known by its address, also those that go. */
function addressed(
  desired: readonly DesiredNode[],
  { nodes }: ObservedCluster,
  stale: readonly RemoveMember[],
): readonly string[] {
  const there = nodes.filter(({ role }) => role === 'control-plane')
  return [...new Set([...[...desired, ...there].map(({ name }) => name), ...stale.map(({ node }) => node)])]
}

function ensureNode(node: DesiredNode): Step {
  return {
    kind: 'ensure-node',
    id: `node:${node.name}`,
    title: `Create node "${node.name}"`,
    needs: ['addresses'],
    node,
  }
}

/** `standsInFor`: the version that pods of system DaemonSets still name. */
function startWorker(
  { name, pool }: DesiredNode,
  forgotten: readonly Step[],
  imageAliasVersion: string | undefined,
): Step {
  const needs = [`node:${name}`, 'authorities', 'api', ...forgetOf(name, forgotten)]
  const title = `Join worker "${name}"`
  return { kind: 'start-worker', id: `join:${name}`, title, needs, node: name, pool, imageAliasVersion }
}

/** The further workers go when all others have been upgraded. */
function removeSurge(surge: readonly DesiredNode[], { workers }: UpgradePlan): readonly Step[] {
  return surge.map(({ name }) => ({
    kind: 'remove-node',
    id: `remove:${name}`,
    title: `Remove further worker "${name}"`,
    needs: workers.map(({ id }) => id),
    node: name,
    role: 'worker',
    member: true,
  }))
}
