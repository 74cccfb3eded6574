import { readNodeQuestion, parseNodeCertificates, type NodeCertificates } from '../certificates/index.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { parseNodeState, stateQuestion, type NodeState } from '../node/node-state.js'

export interface NodeLook extends NodeState {
  /** Empty for a node that is not part of the cluster. */
  readonly certificates: NodeCertificates
}

const none: NodeCertificates = { certificates: [], unfinished: false, problems: [] }

/**
 * What was set up on a node's disk, what it runs and when its certificates end, by one command: on the host's
 * side each command costs more than anything else that is asked here.
 */
export async function lookAtNode(node: NodeHandle, now: Date, signal: AbortSignal): Promise<NodeLook> {
  const { script, args } = readNodeQuestion(node.role)
  const argv = ['bash', '-c', `echo '= disk'\n${stateQuestion}${script}`, 'look', ...args]
  const { exitCode, stdout, stderr } = await node.execText(argv, {
    timeoutMs: 15_000,
    repeatable: true,
    signal,
  })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['look at the disk'], exitCode, stderr)
  return parseNodeLook(node, stdout, now)
}

export function parseNodeLook(node: Pick<NodeHandle, 'name' | 'role'>, stdout: string, now: Date): NodeLook {
  const said = /^= disk\n((?:bootstrapped|founder|empty)\n(?:[^=\n].*\n)*)/m.exec(stdout)?.[1]
  if (said === undefined) throw new NodeCommandError(node.name, ['look at the disk'], 0, stdout)
  const state = parseNodeState(said)
  const isMember = state.disk === 'bootstrapped'
  return { ...state, certificates: isMember ? parseNodeCertificates(node, stdout, now) : none }
}
