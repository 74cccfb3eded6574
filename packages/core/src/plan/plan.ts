import { isNothing } from '../certificates/plan.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import { desiredNodes } from './desired-nodes.js'
import type { DesiredNode } from './desired-nodes.js'
import type { ObservedCluster } from './observed.js'
import type { DiskState } from '../node/disk.js'
import type { Step } from './step.js'
import { configurationStep, defaultPace, planUpgrade, surgeNodes } from './upgrade.js'
import type { UpgradePace, UpgradePlan } from './upgrade.js'

/**
 * What must be done so that the cluster becomes as desired. Pure: create, resume, scale, upgrade and repair
 * are the same difference. A cluster that is as desired still gets the steps that only look.
 */
export function planCluster(
  ref: ClusterRef,
  spec: ClusterSpec,
  observed: ObservedCluster,
  pace: UpgradePace = defaultPace,
): readonly Step[] {
  const lasting = desiredNodes(ref, spec, observed.nodes)
  const surge = surgeNodes(ref, spec, observed, pace)
  const desired = [...lasting, ...surge]
  const controlPlanes = desired.filter(({ role }) => role === 'control-plane')
  const joining = desired.filter(({ name }) => diskOf(observed, name) !== 'bootstrapped')
  // False when no control plane that is there was set up completely: the cluster begins (anew) on them.
  const begun = observed.nodes.some(
    ({ role, disk }) => role === 'control-plane' && (disk === 'bootstrapped' || disk === undefined),
  )
  // Until then all members are of this run: a kubelet whose Node object was removed does not register again.
  const forgotten = begun ? forgetSteps(observed, joining) : []
  const renewal = isInitialized(observed) ? renewalStep(observed) : []
  const before = ['addresses', 'authorities', ...renewal.map(({ id }) => id)]
  const there = begun ? observed : { ...observed, nodes: [] }
  const upgrade = planUpgrade(spec, lasting, there, before, pace, surge)
  const steps: Step[] = [
    {
      kind: 'ensure-addresses',
      id: 'addresses',
      title: 'Reserve addresses',
      needs: [],
      controlPlanes: controlPlanes.map(({ name }) => name),
    },
    { kind: 'ensure-authorities', id: 'authorities', title: 'Create certificate authorities', needs: [] },
    ...renewal,
    ...joining.map(ensureNode),
    ...upgrade.controlPlanes,
    ...controlPlaneSteps(controlPlanes, joining, observed, forgotten).map((step) =>
      // An API server with expired certificates never answers, and one that is upgraded goes away.
      step.kind === 'await-api'
        ? {
            ...step,
            needs: [...step.needs, ...[...renewal, ...upgrade.controlPlanes.slice(-1)].map(({ id }) => id)],
          }
        : afterConfiguration(step, upgrade.configuration),
    ),
    ...upgrade.configuration,
    ...upgrade.workers,
    ...upgrade.addons,
    ...(begun && observed.addonsInstalled ? [] : [addons]),
    ...forgotten,
    ...joining
      .filter(({ role }) => role === 'worker')
      .map((node) =>
        startWorker(node, forgotten, surge.includes(node) ? observed.configured?.proxy : undefined),
      ),
  ]
  const removing = observed.nodes.filter(({ name }) => !desired.some((node) => node.name === name))
  steps.push(...removeSteps(removing, steps, observed), ...removeSurge(surge, upgrade))
  steps.push({
    kind: 'save-kubeconfig',
    id: 'kubeconfig',
    title: 'Save the kubeconfig',
    needs: ['addresses', 'authorities'],
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
  })
  return steps
}

/** kubeadm joins a control plane by what is written in the cluster. */
function afterConfiguration(step: Step, configuration: readonly Step[]): Step {
  if (step.kind !== 'join-control-plane' || configuration.length === 0) return step
  return { ...step, needs: [...step.needs, configurationStep] }
}

/**
 * Everything away. Nodes go first, at once; the record last, so that the same plan can be made again. With
 * `keepData` the disks stay, and so do the record, the CAs and the addresses that are worthless without them.
 */
export function planRemoval(
  ref: ClusterRef,
  nodes: readonly { readonly name: string }[],
  keepData: boolean,
): readonly Step[] {
  const removals = nodes.map(({ name }): Step => ({
    kind: 'delete-node',
    id: `delete:${name}`,
    title: `Delete node "${name}"${keepData ? ', keep its disk' : ''}`,
    needs: [],
    node: name,
    keepData,
  }))
  if (keepData) return removals
  return [
    ...removals,
    {
      kind: 'remove-record',
      id: 'record',
      title: `Remove what is left of cluster "${ref.name}"`,
      needs: removals.map(({ id }) => id),
    },
  ]
}

const addons: Step = {
  kind: 'install-addons',
  id: 'addons',
  title: 'Install network and DNS',
  needs: ['api'],
}

function renewalStep({ renewal }: ObservedCluster): readonly Step[] {
  if (renewal === undefined || isNothing(renewal)) return []
  const title = 'Renew certificates that end soon'
  return [{ kind: 'renew-certificates', id: 'certificates', title, needs: ['authorities'], renewal }]
}

function isInitialized({ nodes }: ObservedCluster): boolean {
  return nodes.some(({ role, disk }) => role === 'control-plane' && disk === 'bootstrapped')
}

function diskOf(observed: ObservedCluster, name: string): DiskState | undefined {
  return observed.nodes.find((node) => node.name === name)?.disk
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

/**
 * Those of a new cluster begin it together; those of a cluster that is there join one after another. A
 * initial member that was left when creation was interrupted is a member already.
 */
function controlPlaneSteps(
  controlPlanes: readonly DesiredNode[],
  joining: readonly DesiredNode[],
  observed: ObservedCluster,
  forgotten: readonly Step[],
): readonly Step[] {
  const fresh = joining.filter(({ role }) => role === 'control-plane')
  if (fresh.length > 0 && !isInitialized(observed)) return beginSteps(fresh.map(({ name }) => name))
  const there = controlPlanes.filter((node) => !fresh.includes(node)).map(({ name }) => name)
  const reach: Step = {
    kind: 'await-api',
    id: 'api',
    title: 'Reach the API server',
    needs: ['addresses', 'authorities'],
    nodes: there,
  }
  const isInitialMember = ({ name }: DesiredNode): boolean => diskOf(observed, name) === 'founder'
  const initialMembers = fresh.filter(isInitialMember)
  const newcomers = fresh.filter((node) => !isInitialMember(node))
  const joins = newcomers.map(({ name }, index): Step => {
    const previous = newcomers[index - 1]
    return {
      kind: 'join-control-plane',
      id: `join:${name}`,
      title: `Join control plane "${name}"`,
      needs: [
        `node:${name}`,
        previous === undefined ? 'api' : `join:${previous.name}`,
        ...forgetOf(name, forgotten),
      ],
      node: name,
    }
  })
  return [reach, ...initialMembers.map(({ name }) => finishStep(name, false, 'api')), ...joins]
}

/** All members of etcd are known before the first one starts: nobody waits for anybody's promotion. */
function beginSteps(initialMembers: readonly string[]): readonly Step[] {
  const boots = initialMembers.map((node): Step => ({
    kind: 'boot-control-plane',
    id: `boot:${node}`,
    title: `Start the control plane on "${node}"`,
    needs: [`node:${node}`, 'authorities'],
    node,
    initialMembers,
  }))
  const reach: Step = {
    kind: 'await-api',
    id: 'api',
    title: 'Wait for the API server',
    needs: boots.map(({ id }) => id),
    nodes: initialMembers,
  }
  const [first = '', ...others] = initialMembers
  const finishes = others.map((node) => finishStep(node, false, `finish:${first}`))
  return [...boots, reach, finishStep(first, true, 'api'), ...finishes]
}

function finishStep(node: string, first: boolean, ...needs: readonly string[]): Step {
  const title = first ? 'Set up the cluster' : `Finish control plane "${node}"`
  return { kind: 'finish-control-plane', id: `finish:${node}`, title, needs, node, first }
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

function forgetOf(name: string, forgotten: readonly Step[]): readonly string[] {
  return forgotten.filter((step) => step.id === `forget:${name}`).map(({ id }) => id)
}

/**
 * Node objects nobody stands behind: their node is not there, or has lost its disk; it joins anew. kubeadm refuses
 * to join a control plane whose Node object is still Ready.
 */
function forgetSteps(observed: ObservedCluster, joining: readonly DesiredNode[]): readonly Step[] {
  const stale = (observed.members ?? []).filter((name) => {
    const node = observed.nodes.find((candidate) => candidate.name === name)
    return node === undefined || node.disk === 'empty'
  })
  return stale.map((node) => ({
    kind: 'forget-member',
    id: `forget:${node}`,
    title: `Remove the stale Node object "${node}"`,
    // Only a node that is there can tell whether its disk was kept: then the Node object is its own.
    needs: ['api', ...(joining.some(({ name }) => name === node) ? [`node:${node}`] : [])],
    node,
  }))
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

/** Nodes go after the new ones have come; control planes one after another. */
function removeSteps(
  removing: ObservedCluster['nodes'],
  before: readonly Step[],
  observed: ObservedCluster,
): readonly Step[] {
  const joins = before.filter(({ kind }) => kind === 'join-control-plane').map(({ id }) => id)
  let previous: readonly string[] = ['api', ...joins]
  return [...removing].reverse().map(({ name, role }): Step => {
    const needs = role === 'control-plane' ? previous : ['api']
    if (role === 'control-plane') previous = [`remove:${name}`]
    const member = observed.members?.includes(name) ?? true
    return {
      kind: 'remove-node',
      id: `remove:${name}`,
      title: `Remove node "${name}"`,
      needs,
      node: name,
      role,
      member,
    }
  })
}
