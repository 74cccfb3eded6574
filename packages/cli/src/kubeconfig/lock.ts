import { open, readFile, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { KnestError } from 'knest'

export interface LockTimes {
  /** How long to wait for another program. */
  readonly waitMs: number
  /** Age from which a lock of a program that left no name counts as left behind. */
  readonly staleMs: number
}

/** Writers hold the lock for milliseconds; one that is older than this was left by a killed program. */
const defaultTimes: LockTimes = { waitMs: 15_000, staleMs: 10_000 }

/**
 * Runs `work` under kubectl's own lock, the file `FILE.lock`. kubectl gives up at once when it is
 * there and never removes a forgotten one; knest waits, and clears a lock whose owner is gone: at once
 * when it is its own, after some seconds when it is another program's. Throws `conflict`.
 */
export async function withFileLock<T>(
  file: string,
  work: () => Promise<T>,
  times: LockTimes = defaultTimes,
): Promise<T> {
  const lock = `${file}.lock`
  const giveUpAt = Date.now() + times.waitMs
  let state = await tryLock(lock)
  for (; state === 'taken'; state = await tryLock(lock)) {
    if (await clearStale(lock, times.staleMs)) continue
    if (Date.now() >= giveUpAt) {
      throw new KnestError('conflict', `kubeconfig "${file}" is locked by another program`, {
        hint: `try again, or remove "${lock}" if no program is writing it`,
      })
    }
    await sleep(50)
  }
  try {
    return await work()
  } finally {
    if (state === 'held') await unlink(lock).catch(() => undefined)
  }
}

/** `impossible`: the folder takes no file, and so nobody can have the lock. */
async function tryLock(lock: string): Promise<'held' | 'taken' | 'impossible'> {
  try {
    const handle = await open(lock, 'wx', 0o600)
    try {
      await handle.writeFile(owner(process.pid))
    } finally {
      await handle.close()
    }
    return 'held'
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return 'taken'
    if (['EACCES', 'EPERM', 'EROFS'].some((code) => hasCode(error, code))) return 'impossible'
    throw error
  }
}

function owner(pid: number): string {
  return `knest ${pid} ${hostname()}`
}

async function clearStale(lock: string, staleMs: number): Promise<boolean> {
  try {
    const before = await stat(lock)
    const pid = ownPid(await readFile(lock, 'utf8'))
    const isStale = pid === undefined ? Date.now() - before.mtimeMs > staleMs : !isAlive(pid)
    // Another waiter may have cleared it and made its own.
    if (!isStale || (await stat(lock)).ino !== before.ino) return false
    await unlink(lock)
    return true
  } catch (error) {
    // kubectl's lock has mode 0: not readable for others than root, and its age is unknown then.
    return hasCode(error, 'ENOENT') || (hasCode(error, 'EACCES') && (await clearOld(lock, staleMs)))
  }
}

async function clearOld(lock: string, staleMs: number): Promise<boolean> {
  const found = await stat(lock).catch(() => undefined)
  if (found !== undefined && Date.now() - found.mtimeMs <= staleMs) return false
  await unlink(lock).catch(() => undefined)
  return true
}

/** The process that wrote the lock, when it was knest on this machine. */
function ownPid(content: string): number | undefined {
  const pid = Number(/^knest (\d+) /.exec(content)?.[1])
  return content === owner(pid) ? pid : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
