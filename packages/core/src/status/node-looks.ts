import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { diskQuestion } from '../node/disk.js'
import type { Answer } from './answer.js'

/** What running nodes say of themselves; of one that does not answer nothing is said. */
export interface NodeLooks {
  /** Names of nodes on whose disk nothing was set up. */
  readonly emptyDisks: ReadonlySet<string>
  /** Those of them on which etcd has data: a begin or a join that was cut off. */
  readonly begunDisks: ReadonlySet<string>
  /** By name: how many seconds a node's clock is ahead of this machine's; less than zero: behind. */
  readonly clocks: ReadonlyMap<string, number>
  /** By name: bytes of disks that are nearly full. */
  readonly fullDisks: ReadonlyMap<string, DiskRoom>
  /** By name: why a node that runs said nothing. */
  readonly silent: ReadonlyMap<string, string>
}

export interface DiskRoom {
  readonly free: number
  readonly size: number
}

const question = `${diskQuestion}[ -e /var/lib/etcd/member ] && echo data || echo none
date +%s
stat -f -c '%a %b %S' /var/lib/kubelet || true
`
/** Below this etcd and containerd may find no room in a moment. */
const leastFree = 256 * 2 ** 20

/** Asks all of them at once, each by one command. */
export async function lookAtNodes(
  record: ClusterRecord,
  running: readonly BackendNode[],
  answer: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<Answer<T>>,
): Promise<NodeLooks> {
  const emptyDisks = new Set<string>()
  const begunDisks = new Set<string>()
  const clocks = new Map<string, number>()
  const fullDisks = new Map<string, DiskRoom>()
  const look = async ({ backend, name }: BackendNode, signal: AbortSignal): Promise<void> => {
    const node = await backend.openNode(record, name, signal)
    const asked = Date.now()
    const options = { timeoutMs: 15_000, repeatable: true, signal }
    const { exitCode, stdout, stderr } = await node.execText(['bash', '-c', question], options)
    if (exitCode !== 0) throw new NodeCommandError(name, ['look at the disk'], exitCode, stderr)
    const [disk, etcd, clock, room] = stdout.trim().split('\n')
    if (disk !== 'bootstrapped') emptyDisks.add(name)
    if (disk !== 'bootstrapped' && (disk === 'founder' || etcd === 'data')) begunDisks.add(name)
    const ahead = clockAhead(Number(clock), asked, Date.now())
    if (ahead !== undefined) clocks.set(name, ahead)
    const { free, size } = parseRoom(room)
    if (free < leastFree) fullDisks.set(name, { free, size })
  }
  const silent = new Map<string, string>()
  const ask = async (node: BackendNode): Promise<void> => {
    const { problem } = await answer((signal) => look(node, signal))
    if (problem !== undefined) silent.set(node.name, problem)
  }
  await Promise.all(running.map(ask))
  return { emptyDisks, begunDisks, clocks, fullDisks, silent }
}

/** Free and all blocks, and what a block has; infinite where that is not said. */
function parseRoom(text = ''): DiskRoom {
  const [, free, all, size] = /^(\d+) (\d+) (\d+)$/.exec(text) ?? []
  if (size === undefined) return { free: Infinity, size: Infinity }
  return { free: Number(free) * Number(size), size: Number(all) * Number(size) }
}

/**
 * Seconds that a clock is at least ahead of this machine's, or behind it, when it said `clock` at a time between
 * `asked` and `answered`, in milliseconds. Undefined when it said nothing.
 */
export function clockAhead(clock: number, asked: number, answered: number): number | undefined {
  if (!Number.isFinite(clock)) return undefined
  // It has cut its second off.
  if ((clock + 1) * 1000 < asked) return Math.ceil(clock + 1 - asked / 1000)
  return clock * 1000 > answered ? Math.floor(clock - answered / 1000) : 0
}
