import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds a lock: enough to tell, from where its process can be seen, whether it still lives. */
export function ownIdentity(): string {
  return `${hostname()}/${place()}/${process.pid}/${randomUUID().slice(0, 8)}`
}

/** Since when the machine runs, and whose PIDs these are: a container on the same machine has others. */
function place(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]
    return namespace === undefined ? 'unknown' : `${boot}.${namespace}`
  } catch {
    return 'unknown'
  }
}

/** A killed command must not make the next one wait until its lease has run out. */
export function isDead(holder: string): boolean {
  const [host, where, pid] = holder.split('/')
  if (host !== hostname() || where === 'unknown' || where !== place() || pid === undefined) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
