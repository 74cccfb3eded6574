import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, open, readFile, readlink, rename, stat, unlink } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { contextName, KnestError } from 'knest'
import { hasCode, withFileLock } from './lock.js'
import { entriesOf, type Section } from './entries.js'
import { mergeKubeconfig, type MergeOptions } from './merge.js'
import { removeFromKubeconfig } from './remove.js'
import { readKubeconfig } from './text.js'

/** Only the owner may read a kubeconfig: it holds a key to the whole cluster. */
const secretMode = 0o600

/** The files kubectl would read, first one first: those of `$KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigFiles(environment: NodeJS.ProcessEnv, home: string): string[] {
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  return named.length > 0 ? [...new Set(named)] : [join(home, '.kube', 'config')]
}

/** Writes a kubeconfig of its own, mode 0600, whole or not at all. Makes the folder (0700). */
export async function writeOwnKubeconfig(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await replaceFile(file, text, { mode: secretMode })
}

/** Absent is fine: gives false. */
export async function removeOwnKubeconfig(file: string): Promise<boolean> {
  try {
    await unlink(file)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/**
 * Merges a rendered kubeconfig into the file kubectl would choose: the one that has the context
 * already, else the first that exists, else the last. Gives the file that was chosen.
 */
export async function mergeIntoDefault(
  files: readonly string[],
  addition: string,
  options: MergeOptions = {},
): Promise<string> {
  const [entry] = entriesOf(readKubeconfig(addition).value, 'contexts')
  const file = (await holdersOf(files, 'contexts', entry?.name ?? ''))[0] ?? (await firstExisting(files))
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await changeFile(file, (before) => mergeKubeconfig(before, addition, options))
  return file
}

/** Takes a cluster's entries out of every file that has them; gives these files. */
export async function removeFromDefault(files: readonly string[], cluster: string): Promise<string[]> {
  const holders = await holdersOf(files, 'contexts', contextName(cluster))
  for (const file of holders) {
    await changeFile(file, (before) =>
      before === undefined ? undefined : removeFromKubeconfig(before, cluster),
    )
  }
  return holders
}

async function holdersOf(files: readonly string[], section: Section, name: string): Promise<string[]> {
  const holders: string[] = []
  for (const file of files) {
    const text = await readIfThere(file)
    // A file that cannot be read as a kubeconfig is reported when it is the one to be changed.
    if (text?.includes(name) !== true) continue
    const { value } = named(file, () => readKubeconfig(text))
    if (entriesOf(value, section).some((entry) => entry.name === name)) holders.push(file)
  }
  return holders
}

async function firstExisting(files: readonly string[]): Promise<string> {
  for (const file of files) if ((await readIfThere(file)) !== undefined) return file
  const last = files.at(-1)
  if (last === undefined) throw new KnestError('usage', 'no kubeconfig file to write to')
  return last
}

/** Changes a file under kubectl's lock. `undefined` means no file, before and after. */
async function changeFile(
  file: string,
  change: (before: string | undefined) => string | undefined,
): Promise<void> {
  await withFileLock(file, async () => {
    const target = await followLinks(file)
    const before = await readIfThere(target)
    const after = named(file, () => change(before))
    if (after === before) return
    if (after === undefined) return unlink(target)
    const owner = before === undefined ? undefined : await stat(target)
    return replaceFile(target, after, { mode: (owner?.mode ?? secretMode) & 0o7777, owner })
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

/** The file behind a symbolic link, also when it is not there yet: the link itself must stay. */
async function followLinks(file: string, depth = 0): Promise<string> {
  if (depth > 40) throw new KnestError('config', `kubeconfig "${file}" is a link without an end`)
  try {
    return await followLinks(resolve(dirname(file), await readlink(file)), depth + 1)
  } catch (error) {
    // EINVAL: not a link.
    if (hasCode(error, 'EINVAL') || hasCode(error, 'ENOENT')) return file
    throw error
  }
}

async function replaceFile(
  file: string,
  text: string,
  { mode, owner }: { readonly mode: number; readonly owner?: { uid: number; gid: number } | undefined },
): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', secretMode)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Root may be editing a user's file; others cannot give files away, nor need to.
    if (owner !== undefined) await chown(temporary, owner.uid, owner.gid).catch(() => undefined)
    await chmod(temporary, mode)
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}

/** Adds the file's name to what the text functions say. */
function named<T>(file: string, work: () => T): T {
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
