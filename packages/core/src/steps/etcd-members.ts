import { clusterCommand } from '../commands.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { etcdctl, etcdHealth, etcdMembers, quorumRisk } from '../etcd/index.js'
import type { EtcdMember } from '../etcd/index.js'
import { PlanOutdated } from './plan-outdated.js'
import { isBootstrapped, readDisk } from '../node/disk.js'
import { pause } from '../signals.js'
import type { StepContext } from './context.js'

/** The control planes other than `except` that run, answer and are part of the cluster. Throws when there is none. */
export async function otherControlPlanes(
  context: StepContext,
  except: string,
  signal: AbortSignal,
): Promise<readonly [NodeHandle, ...NodeHandle[]]> {
  const names = new Set([...context.controlPlanes, ...context.existingControlPlanes])
  const asked = [...names].filter((name) => name !== except).map((name) => member(context, name, signal))
  const [first, ...others] = (await Promise.all(asked)).filter((node) => node !== undefined)
  if (first !== undefined) return [first, ...others]
  throw new KnestError(
    'prerequisite',
    `no control plane but "${except}" runs, and without one it can neither join nor leave`,
    { hint: `see: ${clusterCommand('status', context.record)}` },
  )
}

/**
 * Whether no other control plane has anything: a scale that was interrupted leaves some with empty disks. One that
 * gives no answer may have something.
 */
export async function isSoleControlPlane(
  context: StepContext,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const others = context.existingControlPlanes.filter((other) => other !== name)
  const empty = others.map(async (other) => {
    try {
      return (await readDisk(await context.openNode(other, signal), signal)) === 'empty'
    } catch {
      signal.throwIfAborted()
      return false
    }
  })
  return (await Promise.all(empty)).every(Boolean)
}

/**
 * Whether etcd knows this control plane and no other, whatever disks others have: one that was removed from etcd may be
 * still there. By its own etcd, which needs a majority to say so.
 */
export async function isOnlyMember(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<boolean> {
  const members = await membersBy(node, signal)
  return members?.length === 1 && memberOf(context, members, node.name) !== undefined
}

async function member(
  context: StepContext,
  name: string,
  signal: AbortSignal,
): Promise<NodeHandle | undefined> {
  try {
    const node = await context.openNode(name, signal)
    return (await isBootstrapped(node, signal)) ? node : undefined
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return undefined
    throw error
  }
}

/**
 * Asks the majority of etcd, by way of another control plane, whether it has removed the member of this one. Throws
 * PlanOutdated when it has not, and `prerequisite` when nobody can tell, or when this one has an etcd that answers.
 */
export async function refuseIfMember(
  context: StepContext,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const helpers = await otherControlPlanes(context, node.name, signal)
  const answers = await Promise.all(helpers.map((helper) => membersBy(helper, signal)))
  const members = answers.find((answer) => answer !== undefined)
  if (members === undefined)
    throw new KnestError('prerequisite', `etcd of "${context.record.name}" does not answer`, {
      hint: `see: ${clusterCommand('status', context.record)}`,
    })
  if (memberOf(context, members, node.name) !== undefined)
    throw new PlanOutdated(`control plane "${node.name}" is a member of etcd`, node.name)
  if ((await membersBy(node, signal)) !== undefined)
    throw new KnestError(
      'prerequisite',
      `control plane "${node.name}" is no member of etcd of "${context.record.name}", and has an etcd of its own`,
      { hint: `see what is in it, then remove the node: ${clusterCommand('status', context.record)}` },
    )
}

/** Undefined when its etcd does not answer, or has no majority. */
async function membersBy(node: NodeHandle, signal: AbortSignal): Promise<readonly EtcdMember[] | undefined> {
  try {
    return await etcdMembers(node, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return undefined
    throw error
  }
}

/** A member that has never started has no name yet, only the address it is awaited at. */
function memberOf(
  { addresses }: StepContext,
  members: readonly EtcdMember[],
  node: string,
): EtcdMember | undefined {
  const identity = addresses?.identities.get(node)
  return members.find(({ name, peerUrl }) => name === node || peerUrl === `https://${identity}:2380`)
}

const settleMs = 30_000

interface Removable {
  /** Undefined when the node is no member. */
  readonly member: EtcdMember | undefined
  /** Who told. */
  readonly by: NodeHandle
}

/**
 * The etcd member of a node that may go now, by the first of the helpers whose etcd answers. Waits a moment for
 * others that are coming back, then throws `conflict`: without it etcd would have no majority that answers. Throws
 * `prerequisite` when none of the helpers could tell until then.
 */
export async function removableMember(
  context: StepContext,
  helpers: readonly NodeHandle[],
  node: string,
  signal: AbortSignal,
): Promise<Removable> {
  const deadline = Date.now() + settleMs
  for (;;) {
    const { members, by, problem } = await etcdHealth(helpers, signal)
    const found = memberOf(context, members, node)
    const risk = found === undefined ? undefined : quorumRisk(members, found.name)
    if (by !== undefined && risk === undefined) return { member: found, by }
    if (Date.now() > deadline)
      throw risk === undefined
        ? new KnestError('prerequisite', problem ?? 'etcd does not answer')
        : notNow(context, node, risk)
    await pause(1000, signal)
  }
}

/** Takes a control plane out of etcd, by way of one that stays. Absent is fine. Throws as `removableMember`. */
export async function removeMember(
  context: StepContext,
  helpers: readonly NodeHandle[],
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + settleMs
  for (;;) {
    const { member: found, by } = await removableMember(context, helpers, node, signal)
    if (found === undefined) return
    const argv = [...etcdctl, 'member', 'remove', found.id]
    const { exitCode, stderr } = await by.execText(argv, { timeoutMs: 30_000, signal })
    if (exitCode === 0 || stderr.includes('not found')) return
    // etcd itself refuses while a member that joined a moment ago has not been seen for five seconds.
    if (Date.now() > deadline) throw notNow(context, node, stderr.trim().split('\n').at(-1) ?? '')
    await pause(1000, signal)
  }
}

function notNow({ record }: StepContext, node: string, why: string): KnestError {
  return new KnestError(
    'conflict',
    `control plane "${node}" cannot be taken out of etcd of "${record.name}": ${why}`,
    {
      hint: `bring the others back first (see: ${clusterCommand('status', record)}), then run the same command again`,
    },
  )
}
