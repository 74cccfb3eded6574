import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, open, readFile, readlink, rename, stat, unlink } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { KnestError } from 'knest'
import { renderKubeconfig } from 'knest/kube'
import { stringify } from 'yaml'
import { hasCode, withFileLock } from './lock.js'
import { extensionName, readAddition } from './entries.js'
import { mergeKubeconfig, type MergeOptions } from './merge.js'
import {
  authorityOf,
  contextsOf,
  nestedOwners,
  withOwner,
  type ContextOwner,
  type NestedOwner,
} from './owner.js'
import { asKubeconfig, placeAddition, removable } from './place.js'
import { removeEntries } from './remove.js'
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

export interface Merged {
  readonly file: string
  /** The name that the context has there. */
  readonly context: string
}

/**
 * Merges a rendered kubeconfig into the file kubectl would choose: the one that has the owner's context already,
 * whatever it is called there, else the first that exists, else the last. What has its names and is another's
 * stays as it is: the new entries get a number behind their name then.
 */
export async function mergeIntoDefault(
  files: readonly string[],
  addition: string,
  owner: ContextOwner,
  options: MergeOptions = {},
): Promise<Merged> {
  const { file, merge } = await planMerge(files, addition, owner, options)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  let context = ''
  await changeFile(file, (before) => {
    const merged = merge(before)
    context = merged.context
    return merged.text
  })
  return { file, context }
}

/** Throws what `mergeIntoDefault` would throw of the files as they are now, and changes nothing. */
export async function checkMerge(
  files: readonly string[],
  name: string,
  owner: ContextOwner,
  options: MergeOptions = {},
): Promise<void> {
  const certificates = { ca: '', clientCert: '', clientKey: '' }
  const standIn = renderKubeconfig({ name, server: 'https://127.0.0.1:6443', ...certificates })
  const { file, merge } = await planMerge(files, standIn, owner, options)
  const before = await readIfThere(await followLinks(file))
  named(file, () => merge(before))
}

async function planMerge(
  files: readonly string[],
  addition: string,
  owner: ContextOwner,
  options: MergeOptions,
): Promise<{
  readonly file: string
  readonly merge: (before: string | undefined) => { readonly text: string; readonly context: string }
}> {
  const text = withOwner(addition, owner)
  const authority = authorityOf(readKubeconfig(text).value)
  const file = (await holdersOf(files, owner, authority))[0] ?? (await firstExisting(files))
  const others = await Promise.all(files.filter((other) => other !== file).map(readIfThere))
  return {
    file,
    merge: (before) => {
      const placed = placeAddition(readAddition(text), before, others, owner)
      const merged = mergeKubeconfig(before, stringify(asKubeconfig(placed)), options)
      return { text: merged, context: placed.contexts.name }
    },
  }
}

/** Takes the owner's entries out of every file that has them; gives these files. */
export async function removeFromDefault(
  files: readonly string[],
  owner: ContextOwner,
  authority?: string,
): Promise<string[]> {
  const holders = await holdersOf(files, owner, authority)
  for (const file of holders) {
    await changeFile(file, (before) => {
      let text = before
      if (before === undefined) return undefined
      for (const context of contextsOf(readKubeconfig(before).value, owner, authority))
        text =
          text === undefined ? undefined : removeEntries(text, removable(readKubeconfig(text).value, context))
      return text
    })
  }
  return holders
}

/** The nested clusters that these files have contexts of. A file that is no kubeconfig has none. */
export async function ownersIn(files: readonly string[]): Promise<readonly NestedOwner[]> {
  const owners: NestedOwner[] = []
  for (const file of files) {
    const text = await readIfThere(file)
    if (text?.includes(extensionName) !== true) continue
    owners.push(...named(file, () => nestedOwners(readKubeconfig(text).value)))
  }
  return owners
}

async function holdersOf(
  files: readonly string[],
  owner: ContextOwner,
  authority: string | undefined,
): Promise<string[]> {
  const holders: string[] = []
  for (const file of files) {
    const text = await readIfThere(file)
    // A file that cannot be read as a kubeconfig is reported when it is the one to be changed.
    if (text?.includes(extensionName) !== true) continue
    if (named(file, () => contextsOf(readKubeconfig(text).value, owner, authority)).length > 0)
      holders.push(file)
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
