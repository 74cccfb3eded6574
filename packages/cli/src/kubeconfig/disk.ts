import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rmdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { KnestError } from 'knest'
import { hasCode, withFileLock } from './lock.js'
import { targetOf } from './target.js'

/** Only the owner may read a kubeconfig: it holds a key to the whole cluster. */
const secretMode = 0o600

/** Writes a file, mode 0600, whole or not at all. Makes the folder (0700). Throws `prerequisite`. */
export async function writeSecret(file: string, text: string): Promise<void> {
  await writing(file, async () => {
    await makeFolder(dirname(file))
    await replaceFile(file, text, { mode: secretMode })
  })
}

/**
 * Changes a file under kubectl's lock; `undefined` means no file, before and after. Throws `config` for what cannot
 * be read, `conflict` when the lock is another's, `prerequisite` for what cannot be written.
 */
export async function changeFile(
  file: string,
  change: (before: string | undefined) => string | undefined,
): Promise<void> {
  await writing(file, async () => {
    await makeFolder(dirname(file))
    await withFileLock(file, async () => {
      const target = await targetOf(file)
      const before = await readIfThere(target)
      const after = named(file, () => change(before))
      if (after === before) return
      if (after === undefined) return removeOrEmpty(target)
      if (before === undefined) return replaceFile(target, after, { mode: secretMode })
      const found = await stat(target)
      return replaceFile(target, after, { mode: found.mode & 0o7777, found, before })
    })
  })
}

/** More than the kubeconfig of a cluster takes. */
const room = ' '.repeat(16_384)

/** Throws what `changeFile` would, as far as it can be known before, and leaves everything as it is. */
export async function tryToWrite(file: string, before = ''): Promise<void> {
  await writing(file, async () => {
    const made = await makeFolder(dirname(file))
    try {
      await withFileLock(file, () => Promise.resolve())
      const target = await targetOf(file)
      const temporary = temporaryOf(target)
      const found = await stat(target).catch(() => undefined)
      try {
        await fill(temporary, before + room, found)
        if (found !== undefined && !(await canStandFor(temporary, found))) await tryInPlace(target)
      } catch (error) {
        // What stands in a folder of others, as a mount, is written in place.
        if (!mustBeInPlace(error) || (await readIfThere(target)) === undefined) throw error
        await tryInPlace(target)
      } finally {
        await unlink(temporary).catch(() => undefined)
      }
    } finally {
      for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined)
    }
  })
}

/** Absent is fine: gives undefined. Throws `config`. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
    throw new KnestError('config', `kubeconfig "${file}" cannot be read: ${(error as Error).message}`, {
      hint: 'check its owner and mode, or name another file with $KUBECONFIG',
      cause: error,
    })
  }
}

async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KnestError || !(error instanceof Error) || !('code' in error)) throw error
    throw new KnestError('prerequisite', `kubeconfig "${file}" cannot be written: ${error.message}`, {
      hint: 'see that it is a file in a folder that you may write to, and that there is room',
      cause: error,
    })
  }
}

/** Gives the folders that were not there, outermost first; they belong to whom the one above them belongs to. */
async function makeFolder(folder: string): Promise<string[]> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return []
  const made: string[] = []
  for (let each = resolve(folder); each.length >= resolve(first).length; each = dirname(each))
    made.unshift(each)
  const above = await stat(dirname(resolve(first)))
  if (process.geteuid?.() !== 0) return made
  for (const each of made) {
    const handle = await open(each, 'r')
    try {
      await giveTo(handle, above)
    } finally {
      await handle.close()
    }
  }
  return made
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** A file that is there, with as many names as it has. */
interface Found extends Owner {
  readonly nlink: number
}

/** Root works in folders of users, as under sudo: what it makes there must be theirs. Others own what they make. */
async function giveTo(handle: FileHandle, { uid, gid }: Owner): Promise<void> {
  // Where nobody can be given anything, as on some network disks and without CAP_CHOWN, it stays ours.
  await handle.chown(uid, gid).catch(() => undefined)
}

/**
 * Whether a new file can take the place of one that is there: with its owner and group, which only root may always
 * give, and with all of its names. Otherwise it is written in place, as kubectl does.
 */
async function canStandFor(temporary: string, { uid, gid, nlink }: Found): Promise<boolean> {
  const made = await stat(temporary)
  return nlink === 1 && made.uid === uid && made.gid === gid
}

async function tryInPlace(file: string): Promise<void> {
  await (await open(file, 'r+')).close()
}

/** A file that is mounted alone cannot go. */
async function removeOrEmpty(file: string): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if (!mustBeInPlace(error)) throw error
    await overwrite(file, '', await readFile(file, 'utf8'))
  }
}

interface Replacement {
  readonly mode: number
  /** The file that is there, and what it holds. */
  readonly found?: Found
  readonly before?: string
}

async function ownerOfNew(file: string): Promise<Owner | undefined> {
  return process.geteuid?.() === 0 ? stat(dirname(file)) : undefined
}

async function replaceFile(
  file: string,
  text: string,
  { mode, found, before: known }: Replacement,
): Promise<void> {
  const temporary = temporaryOf(file)
  try {
    await fill(temporary, text, found ?? (await ownerOfNew(file)))
    if (found !== undefined && known !== undefined && !(await canStandFor(temporary, found))) {
      await unlink(temporary)
      await overwrite(file, text, known)
      return
    }
    await chmod(temporary, mode)
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    const before = mustBeInPlace(error) ? await readIfThere(file) : undefined
    if (before === undefined) throw error
    await overwrite(file, text, before)
  }
}

function temporaryOf(file: string): string {
  return `${file}.${randomBytes(6).toString('hex')}.tmp`
}

async function fill(temporary: string, text: string, owner?: Owner): Promise<void> {
  const handle = await open(temporary, 'wx', secretMode)
  try {
    await handle.writeFile(text)
    await handle.sync()
    if (owner !== undefined) await giveTo(handle, owner)
  } finally {
    await handle.close()
  }
}

/** A mounted file cannot be replaced, nor one in a folder that lets nothing new in. */
function mustBeInPlace(error: unknown): boolean {
  return ['EBUSY', 'EACCES', 'EPERM', 'EROFS'].some((code) => hasCode(error, code))
}

/** Where there is no room for it, what was there comes back: its room is still its own. */
async function overwrite(file: string, text: string, before: string): Promise<void> {
  const handle = await open(file, 'r+')
  const put = async (content: string): Promise<void> => {
    const bytes = Buffer.from(content)
    for (let at = 0; at < bytes.length;)
      at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten
    await handle.truncate(bytes.length)
    await handle.sync()
  }
  try {
    await put(text).catch(async (error: unknown) => {
      await put(before)
      throw error
    })
  } finally {
    await handle.close()
  }
}

/** Adds the file's name to what the text functions say. */
export function named<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    throw new KnestError(error.code, error.message.replace('the kubeconfig', `kubeconfig "${file}"`), {
      hint: error.hint,
      cause: error,
    })
  }
}
