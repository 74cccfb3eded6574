import { unlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { KnestError } from 'knest'
import { renderKubeconfig } from 'knest/kube'
import { yamlText } from 'knest/manifests'
import { changeFile, named, readIfThere, tryToWrite } from './disk.js'
import { hasCode } from './lock.js'
import { currentOf, withCurrent, withoutCurrent } from './current.js'
import { currentContext, entriesOf, extensionName, formerOf, readAddition, type Former } from './entries.js'
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

/** The files kubectl would read, first one first: those of `$KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigFiles(environment: NodeJS.ProcessEnv, home: string): string[] {
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  return named.length > 0 ? [...new Set(named)] : [join(home, '.kube', 'config')]
}

/** Absent is fine: gives false. Throws `prerequisite`. */
export async function removeOwnKubeconfig(file: string): Promise<boolean> {
  try {
    await unlink(file)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw new KnestError(
      'prerequisite',
      `kubeconfig "${file}" cannot be removed: ${(error as Error).message}`,
      {
        hint: 'remove it when its folder can be written to',
        cause: error,
      },
    )
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
  const { file, elsewhere, merge } = await planMerge(files, addition, owner, options)
  let context = ''
  await changeFile(file, (before) => {
    const merged = merge(before)
    context = merged.context
    return merged.text
  })
  if (elsewhere !== undefined) await changeFile(elsewhere, (before = '') => withCurrent(before, context))
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
  const { file, elsewhere, merge } = await planMerge(files, standIn, owner, options)
  const before = await readIfThere(file)
  const { context } = named(file, () => merge(before))
  await tryToWrite(file, before)
  if (elsewhere === undefined) return
  const first = (await readIfThere(elsewhere)) ?? ''
  named(elsewhere, () => withCurrent(first, context))
  await tryToWrite(elsewhere, first)
}

async function planMerge(
  files: readonly string[],
  addition: string,
  owner: ContextOwner,
  options: MergeOptions,
): Promise<{
  readonly file: string
  /** Where the current context is to be set when that is another file. */
  readonly elsewhere: string | undefined
  readonly merge: (before: string | undefined) => { readonly text: string; readonly context: string }
}> {
  const text = withOwner(addition, owner)
  const authority = authorityOf(readKubeconfig(text).value)
  const file = (await holdersOf(files, owner, authority))[0] ?? (await firstExisting(files))
  const others = await Promise.all(files.filter((other) => other !== file).map(readIfThere))
  // kubectl writes the current context into the first file that is there; it is the one that counts.
  const first = (await firstThere(files)) ?? file
  const elsewhere = options.setCurrent === true && first !== file ? first : undefined
  const firstText = elsewhere === undefined ? '' : ((await readIfThere(elsewhere)) ?? '')
  return {
    file,
    elsewhere,
    merge: (before) => {
      const placed = placeAddition(readAddition(text), before, others, owner)
      const context = placed.contexts.name
      const isNew = elsewhere !== undefined && readKubeconfig(firstText).value[currentContext] !== context
      const merged = mergeKubeconfig(before, yamlText(asKubeconfig(placed)), {
        setCurrent: options.setCurrent === true && elsewhere === undefined,
        ...(isNew ? { formerCurrent: currentOf(firstText) } : {}),
      })
      return { text: merged, context }
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
  const gone = new Map<string, Former>()
  for (const file of holders) {
    await changeFile(file, (before) => {
      let text = before
      if (before === undefined) return undefined
      for (const context of contextsOf(readKubeconfig(before).value, owner, authority)) {
        gone.set(context.name, formerOf(context) ?? {})
        text =
          text === undefined ? undefined : removeEntries(text, removable(readKubeconfig(text).value, context))
      }
      return text
    })
  }
  return [...new Set([...holders, ...(await forgetCurrent(files, gone))])]
}

/** A current context need not be in the file that names it. Gives the files that named one that is gone. */
async function forgetCurrent(
  files: readonly string[],
  gone: ReadonlyMap<string, Former>,
): Promise<readonly string[]> {
  if (gone.size === 0) return []
  const texts = await Promise.all(files.map(readIfThere))
  const values = texts.map((text) => valueOf(text ?? ''))
  const left = values.flatMap((value) => entriesOf(value, 'contexts').map(({ name }) => name))
  const changed: string[] = []
  for (const [index, file] of files.entries()) {
    const current = values[index]?.[currentContext]
    const former = typeof current === 'string' && !left.includes(current) ? gone.get(current) : undefined
    if (typeof current !== 'string' || former === undefined) continue
    await changeFile(file, (text) => (text === undefined ? undefined : withoutCurrent(text, current, former)))
    changed.push(file)
  }
  return changed
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

async function firstThere(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if ((await readIfThere(file)) !== undefined) return file
  return undefined
}

async function firstExisting(files: readonly string[]): Promise<string> {
  const there = await firstThere(files)
  if (there !== undefined) return there
  const last = files.at(-1)
  if (last === undefined) throw new KnestError('usage', 'no kubeconfig file to write to')
  return last
}

/** Of a text that is no kubeconfig there is nothing to change. */
function valueOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return readKubeconfig(text).value
  } catch (error) {
    if (error instanceof KnestError) return {}
    throw error
  }
}
