import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { etcdctl, parseWithIds } from './etcdctl.js'

export interface EtcdMember {
  /** Hex, as etcdctl takes it. */
  readonly id: string
  /** The node's name; the peer URL of a member that has not started yet. */
  readonly name: string
  readonly peerUrl: string
  readonly learner: boolean
}

interface MemberList {
  readonly members: readonly {
    readonly ID: string
    readonly name?: string
    readonly peerURLs: readonly string[]
    readonly isLearner?: boolean
  }[]
}

/** Members of etcd, asked on a control plane that is one. */
export async function etcdMembers(node: NodeHandle, signal: AbortSignal): Promise<readonly EtcdMember[]> {
  const argv = [...etcdctl, 'member', 'list', '--write-out=json', '--hex']
  const result = await node.execText(argv, { timeoutMs: 30_000, repeatable: true, signal })
  if (result.exitCode !== 0)
    throw new KnestError(
      'prerequisite',
      `etcd on "${node.name}" does not answer: ${result.stderr.trim().split('\n').at(-1) ?? ''}`,
    )
  return parseMembers(result.stdout)
}

export function parseMembers(text: string): readonly EtcdMember[] {
  const { members } = parseWithIds(text) as MemberList
  return members.map(({ ID, name, peerURLs, isLearner }) => ({
    id: ID,
    name: name === undefined || name === '' ? (peerURLs[0] ?? '') : name,
    peerUrl: peerURLs[0] ?? '',
    learner: isLearner ?? false,
  }))
}
