import { readNodeQuestion, parseNodeCertificates, type NodeCertificates } from './certificates/index.js'
import type { NodeHandle } from './contracts/node-backend.js'
import { NodeCommandError } from './errors.js'
import type { DiskState } from './plan/observed.js'
import { diskQuestion } from './steps/disk.js'

export interface NodeLook {
  readonly disk: DiskState
  /** Empty for a node that is not part of the cluster. */
  readonly certificates: NodeCertificates
}

const none: NodeCertificates = { certificates: [], unfinished: false, problems: [] }

/**
 * What was set up on a node's disk and when its certificates end, by one command: on the host's side each
 * command costs more than anything else that is asked here.
 */
export async function lookAtNode(node: NodeHandle, now: Date, signal: AbortSignal): Promise<NodeLook> {
  const { script, args } = readNodeQuestion(node.role)
  const argv = ['bash', '-c', `echo '= disk'\n${diskQuestion}${script}`, 'look', ...args]
  const { exitCode, stdout, stderr } = await node.exec(argv, { timeoutMs: 15_000, signal })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['look at the disk'], exitCode, stderr)
  return parseNodeLook(node, stdout, now)
}

export function parseNodeLook(node: Pick<NodeHandle, 'name' | 'role'>, stdout: string, now: Date): NodeLook {
  const disk = /^= disk\n(bootstrapped|founder|empty)$/m.exec(stdout)?.[1] as DiskState | undefined
  if (disk === undefined) throw new NodeCommandError(node.name, ['look at the disk'], 0, stdout)
  return { disk, certificates: disk === 'bootstrapped' ? parseNodeCertificates(node, stdout, now) : none }
}
