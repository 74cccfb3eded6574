import { canConnect, hostCommand, KnestError, type RunOptions } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import type { ContainerObject } from '../engine/objects.js'
import { parseRoom } from './room.js'
import type { HostTarget } from './types.js'

const apiPort = 6443
const timeoutMs = 20_000
const mebibyte = 2 ** 20
/** What etcd sets aside for the next piece of its log: with less it ends. */
const leastDisk = 64 * mebibyte
/** A control plane that has just been started is not up yet, and kubelet has not begun to wait between its starts. */
const bootMs = 60_000

/** What keeps a host's control plane from running: its disk is full. In words that a sentence goes on from. */
export async function fullDisk(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const script = 'echo "disk $(df --block-size=1 --output=size,avail /knest/disk | tail -n 1)"'
  const { stdout } = await engine.run(['exec', node, 'sh', '-c', script], { timeoutMs, signal })
  const [size = Number.NaN, left = Number.NaN] = parseRoom(stdout).disk ?? []
  return left < leastDisk
    ? `the disk on which ${engine.name} keeps it is full: ${Math.floor(left / mebibyte)} MiB of ${Math.floor(size / mebibyte)} MiB are left, and it takes ${leastDisk / mebibyte}`
    : undefined
}

export const makeRoom = (engine: ContainerEngine): string =>
  `remove files, images or volumes that nobody needs (see: ${engine.name} system df)`

/** Throws `prerequisite` while the disk is full, on which no container is made: all that would be waited for never comes. */
export async function mustHaveRoom(
  engine: ContainerEngine,
  node: string,
  target: HostTarget,
  signal: AbortSignal,
): Promise<void> {
  const full = await fullDisk(engine, node, signal)
  if (full !== undefined)
    throw new KnestError('prerequisite', `host "${target.name}" cannot come up: ${full}`, {
      hint: `${makeRoom(engine)}, then ${hostCommand('up', target)}`,
    })
}

/**
 * A control plane whose programs ended again and again, as on a full disk, is started by kubelet after ever longer
 * waits, of five minutes in the end. One that begins anew has forgotten them. Throws `prerequisite` while the disk is full.
 */
export async function endBackOff(
  engine: ContainerEngine,
  container: Pick<ContainerObject, 'name' | 'ip' | 'startedAt'>,
  target: HostTarget,
  { progress, signal }: RunOptions,
): Promise<void> {
  const { name, ip, startedAt } = container
  if (ip === undefined || (await canConnect(ip, apiPort, signal))) return
  await mustHaveRoom(engine, name, target, signal)
  if (!(Date.now() - Date.parse(startedAt) > bootMs)) return
  progress.note('the control plane does not run: starting it without waiting for the next try')
  await engine.must(['exec', name, 'systemctl', 'restart', 'kubelet'], `start kubelet of "${name}" again`, {
    timeoutMs,
    signal,
  })
}
