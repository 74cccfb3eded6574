import { isDeepStrictEqual } from 'node:util'
import { yamlText } from 'knest/manifests'
import { isScalar, isSeq, type YAMLSeq } from 'yaml'
import { KnestError } from 'knest'
import {
  currentContext,
  entriesOf,
  isEntry,
  readAddition,
  sections,
  wholeFile,
  withFormer,
  withoutFormer,
  type Addition,
  type Entry,
  type Section,
} from './entries.js'
import { formerOfContext, removeEntries } from './remove.js'
import {
  applyEdits,
  colonEnd,
  column,
  contentEnd,
  findPair,
  itemStart,
  lineEnd,
  readKubeconfig,
  type Edit,
  type KubeconfigText,
} from './text.js'

export interface MergeOptions {
  /** Makes the added context the current one. Otherwise `current-context` is never touched. */
  readonly setCurrent?: boolean | undefined
  /** What `current-context` was in another file before the added context became current there; null: it was not set. */
  readonly formerCurrent?: string | null | undefined
}

/**
 * Adds a rendered kubeconfig's cluster, user and context, in place of entries of the same names. All
 * other bytes stay as they are. Adding what is there already gives the text back unchanged. Throws
 * `config` when the text cannot be changed safely.
 */
export function mergeKubeconfig(
  existing: string | undefined,
  addition: string,
  options: MergeOptions = {},
): string {
  const entries = readAddition(addition)
  const before = readKubeconfig(existing ?? '')
  const name = entries.contexts.name
  // What is current already stays so when its entry is made anew.
  const setCurrent = options.setCurrent === true || before.value[currentContext] === name
  const { [currentContext]: remembered } = formerOfContext(before, name) ?? {}
  // Null says that there was none, and counts.
  const former = options.formerCurrent === undefined ? remembered : options.formerCurrent
  const formerCurrent = setCurrent ? undefined : former
  if (existing !== undefined && options.formerCurrent === undefined && isThere(before, entries, setCurrent))
    return existing
  const names = {
    clusters: entries.clusters.name,
    users: entries.users.name,
    contexts: entries.contexts.name,
  }
  const isAgain = sections.some((section) => has(before, section, names[section]))
  const found = isAgain ? removeEntries(before.text, names) : existing
  const clean = isAgain ? readKubeconfig(found ?? '') : before
  const merged =
    clean.root === undefined
      ? append(clean, entries, setCurrent, formerCurrent, found !== undefined)
      : insert(clean, entries, setCurrent, formerCurrent)
  verify(clean, merged, entries, setCurrent)
  return merged
}

function has(kubeconfig: KubeconfigText, section: Section, name: string): boolean {
  return entriesOf(kubeconfig.value, section).some((entry) => entry.name === name)
}

function isThere(kubeconfig: KubeconfigText, addition: Addition, setCurrent: boolean): boolean {
  if (setCurrent && kubeconfig.value[currentContext] !== addition.contexts.name) return false
  return sections.every((section) => {
    const found = entriesOf(kubeconfig.value, section).filter(
      (entry) => entry.name === addition[section].name,
    )
    const [entry] = found
    if (entry === undefined || found.length > 1) return false
    return isDeepStrictEqual(section === 'contexts' ? withoutFormer(entry) : entry, addition[section])
  })
}

/** For a file without any field: everything goes below its comments. */
function append(
  { text }: KubeconfigText,
  entries: Addition,
  setCurrent: boolean,
  formerCurrent: string | null | undefined,
  isThere: boolean,
): string {
  const isBlank = text.trim() === ''
  const former: Record<string, string | null> = {
    // An empty file that was there is one again.
    ...(isThere && isBlank && { [wholeFile]: text }),
    apiVersion: null,
    kind: null,
    clusters: null,
    contexts: null,
    users: null,
  }
  if (setCurrent) former[currentContext] = null
  else if (formerCurrent !== undefined) former[currentContext] = formerCurrent
  const body = yamlText(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [entries.clusters],
      contexts: [withFormer(entries.contexts, former)],
      ...(setCurrent ? { [currentContext]: entries.contexts.name } : {}),
      users: [entries.users],
    },
    yamlStyle,
  )
  if (isBlank) return body
  const newline = newlineOf(text)
  const at = text.endsWith('\n') ? text.length - newline.length : text.length
  return text.slice(0, at) + newline + body.trimEnd().replaceAll('\n', newline) + text.slice(at)
}

const yamlStyle = { lineWidth: 0, indentSeq: false } as const

function insert(
  kubeconfig: KubeconfigText,
  entries: Addition,
  setCurrent: boolean,
  formerCurrent: string | null | undefined,
): string {
  const root = kubeconfig.root
  if (root === undefined) return kubeconfig.text
  const flow = root.flow === true
  const former: Record<string, string | null> = {}
  for (const section of sections) {
    const state = sectionState(kubeconfig, section)
    if (state.former !== undefined) former[section] = state.former
  }
  const current = findPair(root, currentContext)
  if (setCurrent)
    former[currentContext] = current === undefined ? null : textAfterColon(kubeconfig, currentContext)
  else if (formerCurrent !== undefined) former[currentContext] = formerCurrent

  const edits: Edit[] = []
  const added: Edit[] = []
  for (const section of sections) {
    const entry = section === 'contexts' ? withFormer(entries.contexts, former) : entries[section]
    const isNew = findPair(root, section) === undefined
    ;(isNew ? added : edits).push(
      ...(isNew ? newField(kubeconfig, section, [entry]) : addEntry(kubeconfig, section, entry)),
    )
  }
  if (setCurrent && current === undefined)
    added.push(...newField(kubeconfig, currentContext, entries.contexts.name))
  if (setCurrent && current !== undefined) {
    const from = colonEnd(current)
    const to = contentEnd(kubeconfig.text, current.value, from)
    edits.push({
      from,
      to,
      text: ` ${flow ? JSON.stringify(entries.contexts.name) : yamlText(entries.contexts.name).trimEnd()}`,
    })
  }
  const [first, ...rest] = added
  // Nothing stands before the first field of "{}".
  const bare =
    root.items.length === 0 && first !== undefined ? { ...first, text: first.text.slice(2) } : first
  return applyEdits(kubeconfig.text, [...edits, ...(bare === undefined ? [] : [bare]), ...rest])
}

/** What an emptied section must become again; undefined when it has entries of others. */
function sectionState(
  kubeconfig: KubeconfigText,
  section: Section,
): { readonly former: string | null | undefined } {
  const pair = kubeconfig.root === undefined ? undefined : findPair(kubeconfig.root, section)
  if (pair === undefined) return { former: null }
  const filled = isSeq(pair.value) && pair.value.items.length > 0
  return { former: filled ? undefined : textAfterColon(kubeconfig, section) }
}

function textAfterColon({ text, root }: KubeconfigText, key: string): string {
  const pair = root === undefined ? undefined : findPair(root, key)
  if (pair === undefined) return ''
  const from = colonEnd(pair)
  return text.slice(from, contentEnd(text, pair.value, from))
}

function addEntry({ text, root }: KubeconfigText, section: Section, entry: Entry): Edit[] {
  const pair = root === undefined ? undefined : findPair(root, section)
  if (root === undefined || pair === undefined) return []
  const from = colonEnd(pair)
  const value: unknown = pair.value
  const isEmpty =
    value === null || (isScalar(value) && value.value === null) || (isSeq(value) && value.items.length === 0)
  if (!isEmpty && !isSeq(value)) throw unsafe()
  const json = JSON.stringify(entry)
  if (isEmpty && root.flow === true) return [{ from, to: contentEnd(text, value, from), text: ` [${json}]` }]
  if (isEmpty) {
    const end = contentEnd(text, value, from)
    const at = lineEnd(text, end)
    return [
      { from, to: end, text: '' },
      { from: at, to: at, text: block(text, [entry], column(text, pair.key.range[0])) },
    ]
  }
  const sequence = value as YAMLSeq.Parsed
  const last = sequence.items.at(-1)
  if (sequence.flow === true) {
    const at = last?.range[1] ?? 0
    return [{ from: at, to: at, text: `, ${json}` }]
  }
  const at = lineEnd(text, contentEnd(text, sequence, from))
  return [{ from: at, to: at, text: block(text, [entry], column(text, itemStart(sequence, 0))) }]
}

/** A field below (or in a flow map, behind) all others. */
function newField({ text, root }: KubeconfigText, key: string, value: unknown): Edit[] {
  if (root === undefined) return []
  const last = root.items.at(-1)
  if (root.flow === true) {
    const at = last === undefined ? root.range[0] + 1 : contentEnd(text, last.value, colonEnd(last))
    return [{ from: at, to: at, text: `, ${JSON.stringify(key)}: ${JSON.stringify(value)}` }]
  }
  if (last === undefined) throw unsafe()
  const at = lineEnd(text, contentEnd(text, last.value, colonEnd(last)))
  return [{ from: at, to: at, text: block(text, { [key]: value }, column(text, last.key.range[0])) }]
}

/** YAML lines at an indentation, each with a line break before it. */
function block(text: string, value: unknown, indent: number): string {
  const newline = newlineOf(text)
  const lines = yamlText(value, yamlStyle).trimEnd().split('\n')
  return lines.map((line) => `${newline}${' '.repeat(indent)}${line}`).join('')
}

function newlineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

/** Reads the result back: a mistake here would cost the user access to other clusters. */
function verify(before: KubeconfigText, merged: string, entries: Addition, setCurrent: boolean): void {
  let after: KubeconfigText
  try {
    after = readKubeconfig(merged)
  } catch {
    throw unsafe()
  }
  const expected: Record<string, unknown> = { apiVersion: 'v1', kind: 'Config', ...before.value }
  const found: Record<string, unknown> = { apiVersion: 'v1', kind: 'Config', ...after.value }
  for (const section of sections) {
    const list = before.value[section]
    expected[section] = [...(Array.isArray(list) ? (list as unknown[]) : []), entries[section]]
  }
  const contexts = Array.isArray(after.value.contexts) ? (after.value.contexts as unknown[]) : []
  const last = contexts.at(-1)
  found.contexts = [...contexts.slice(0, -1), isEntry(last) ? withoutFormer(last) : last]
  if (setCurrent) expected[currentContext] = entries.contexts.name
  if (!isDeepStrictEqual(found, expected)) throw unsafe()
}

function unsafe(): KnestError {
  return new KnestError('config', 'the kubeconfig is written in a way that knest cannot add to safely', {
    hint: "use the cluster's own kubeconfig file, or name another file with $KUBECONFIG",
  })
}
