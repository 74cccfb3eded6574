import { isDeepStrictEqual } from 'node:util'
import { isMap, isNode, isScalar, isSeq, parse, type YAMLSeq } from 'yaml'
import { KnestError, kubectlCommand } from 'knest'
import {
  currentContext,
  entriesOf,
  isEntry,
  formerOf,
  sections,
  wholeFile,
  withoutFormer,
  type Former,
  type Section,
} from './entries.js'
import {
  applyEdits,
  colonEnd,
  contentEnd,
  findPair,
  itemStart,
  lineBreakBefore,
  lineEnd,
  readKubeconfig,
  type Edit,
  type KubeconfigText,
} from './text.js'

export type EntryNames = Readonly<Record<Section, string>>

/** A context, and what goes with it. */
export type RemovedNames = Pick<EntryNames, 'contexts'> & Partial<EntryNames>

/**
 * Takes out entries. Gives the bytes that were there before they were added when nothing else changed since;
 * undefined when the file then holds nothing, was not there before, and may go. A text without such entries comes back as it is.
 */
export function removeEntries(text: string, names: RemovedNames): string | undefined {
  const before = readKubeconfig(text)
  if (before.root === undefined || !holds(before, names)) return text
  const former = formerOfContext(before, names.contexts) ?? {}
  const edits = sections.flatMap((section) => cutEntries(before, section, names[section], former))
  edits.push(...restoreCurrent(before, names.contexts, former), ...handOn(before, names, former))
  const cut = applyEdits(text, edits)
  verify(before, cut, names)
  const rest = former.kind === null ? withoutHeader(cut) : cut
  return rest.trim() === '' ? (former[wholeFile] ?? undefined) : rest
}

function holds(kubeconfig: KubeconfigText, names: RemovedNames): boolean {
  return sections.some((section) =>
    entriesOf(kubeconfig.value, section).some((entry) => entry.name === names[section]),
  )
}

export function formerOfContext(kubeconfig: KubeconfigText, name: string): Former | undefined {
  const entry = entriesOf(kubeconfig.value, 'contexts').find((context) => context.name === name)
  return entry === undefined ? undefined : formerOf(entry)
}

function cutEntries(
  { text, root }: KubeconfigText,
  section: Section,
  name: string | undefined,
  former: Former,
): Edit[] {
  const pair = root === undefined ? undefined : findPair(root, section)
  if (name === undefined || root === undefined || pair === undefined || !isSeq(pair.value)) return []
  const sequence = pair.value
  const ours = sequence.items.flatMap((item, index) => (nameOf(item) === name ? [index] : []))
  if (ours.length === 0) return []
  const from = colonEnd(pair)
  const before = former[section]
  const emptied = ours.length === sequence.items.length
  if (emptied && before === null) return [cutField({ text, root }, section)]
  if (emptied && sequence.flow === true) {
    return [{ from, to: sequence.range[1], text: before ?? ' []' }]
  }
  const cuts = ours.map((index) =>
    sequence.flow === true ? cutFlow(sequence, index) : cutBlock(text, sequence, index),
  )
  return emptied ? [{ from, to: from, text: before ?? ' []' }, ...cuts] : cuts
}

function nameOf(item: unknown): unknown {
  return isMap(item) ? item.get('name') : undefined
}

function cutBlock(text: string, sequence: YAMLSeq.Parsed, index: number): Edit {
  const start = itemStart(sequence, index)
  const end = lineEnd(text, contentEnd(text, sequence.items[index], start + 1))
  return { from: lineBreakBefore(text, start), to: end, text: '' }
}

function cutFlow(sequence: YAMLSeq.Parsed, index: number): Edit {
  const item = sequence.items[index]
  const previous = sequence.items[index - 1]
  const next = sequence.items[index + 1]
  if (previous !== undefined)
    return { from: previous.range[1], to: item?.range[1] ?? previous.range[1], text: '' }
  return { from: item?.range[0] ?? 0, to: next?.range[0] ?? item?.range[1] ?? 0, text: '' }
}

function cutField({ text, root }: Pick<KubeconfigText, 'text' | 'root'>, key: string): Edit {
  const index = root?.items.findLastIndex((pair) => isScalar(pair.key) && pair.key.value === key) ?? -1
  const pair = root?.items[index]
  if (root === undefined || pair === undefined) return { from: 0, to: 0, text: '' }
  const end = contentEnd(text, pair.value, colonEnd(pair))
  if (root.flow !== true) {
    const from = lineBreakBefore(text, pair.key.range[0])
    const to = lineEnd(text, end)
    // On the first line there is no line break before it: take the one after.
    const first = from === 0 && pair.key.range[0] === 0
    return {
      from,
      to: first ? Math.min(text.length, text.indexOf('\n', to) + 1 || text.length) : to,
      text: '',
    }
  }
  const previous = root.items[index - 1]
  const from =
    previous === undefined ? pair.key.range[0] : contentEnd(text, previous.value, colonEnd(previous))
  return { from, to: end, text: '' }
}

/** A current context that goes leaves the one before it, or none. */
export function restoreCurrent({ text, root, value }: KubeconfigText, name: string, former: Former): Edit[] {
  const pair = root === undefined ? undefined : findPair(root, currentContext)
  if (root === undefined || pair === undefined || value[currentContext] !== name) return []
  const before = former[currentContext]
  if (before === null) return [cutField({ text, root }, currentContext)]
  const from = colonEnd(pair)
  return [{ from, to: contentEnd(text, pair.value, from), text: before ?? ' ""' }]
}

/**
 * Another of knest's contexts inherits what could not be restored because it is still in use, so that
 * the last one to go restores the file whatever the order.
 */
function handOn(kubeconfig: KubeconfigText, names: RemovedNames, former: Former): Edit[] {
  const { text, root, value } = kubeconfig
  const pair = root === undefined ? undefined : findPair(root, 'contexts')
  if (pair === undefined || !isSeq(pair.value)) return []
  const others = entriesOf(value, 'contexts').filter((entry) => entry.name !== names.contexts)
  const heir = others.find((entry) => formerOf(entry) !== undefined)
  const edits: Edit[] = []
  for (const other of others) {
    const theirs = formerOf(other)
    if (theirs === undefined) continue
    const { [currentContext]: theirCurrent, ...rest } = theirs
    const { [currentContext]: ourCurrent, ...ours } = former
    // It took over the current context from the one that goes now.
    const took = typeof theirCurrent === 'string' && valueOf(theirCurrent) === names.contexts
    const next = took ? ourCurrent : theirCurrent
    const inherited: Former = {
      ...(other === heir ? ours : {}),
      ...rest,
      ...(next === undefined ? {} : { [currentContext]: next }),
    }
    if (isDeepStrictEqual(inherited, theirs)) continue
    const node = formerNode(pair.value, other.name)
    if (node === undefined) continue
    const from = node.range?.[0] ?? 0
    edits.push({ from, to: contentEnd(text, node, from), text: JSON.stringify(inherited) })
  }
  return edits
}

function formerNode(contexts: YAMLSeq, name: string): { range?: readonly number[] | null } | undefined {
  const item = contexts.items.find((entry) => nameOf(entry) === name)
  const extensions = isMap(item) ? item.getIn(['context', 'extensions'], true) : undefined
  if (!isSeq(extensions)) return undefined
  for (const extension of extensions.items) {
    const node = isMap(extension) ? extension.getIn(['extension', 'former'], true) : undefined
    if (isNode(node)) return node
  }
  return undefined
}

/** knest made the whole file: without entries, nothing of it needs to stay. */
function withoutHeader(text: string): string {
  const { root, value } = readKubeconfig(text)
  if (root === undefined) return text
  const isEmpty = (field: unknown): boolean =>
    field === null || field === '' || (typeof field === 'object' && Object.keys(field).length === 0)
  const others = Object.entries(value).filter(([key]) => key !== 'apiVersion' && key !== 'kind')
  if (others.some(([, field]) => !isEmpty(field))) return text
  // Programs that rewrite the file add empty fields.
  if (others.length > 0) return ''
  return applyEdits(
    text,
    ['apiVersion', 'kind']
      .filter((key) => findPair(root, key) !== undefined)
      .map((key) => cutField({ text, root }, key)),
  )
}

function valueOf(text: string): unknown {
  try {
    return parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Reads the result back: a mistake here would cost the user access to other clusters. */
function verify(before: KubeconfigText, cut: string, names: RemovedNames): void {
  const comparable = (value: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const copy: Record<string, unknown> = { ...value }
    for (const section of sections) {
      const list = (value[section] ?? []) as unknown[]
      copy[section] = list
        .filter((entry) => (entry as { name?: unknown } | null)?.name !== names[section])
        .map((entry) => (section === 'contexts' && isEntry(entry) ? withoutFormer(entry) : entry))
    }
    copy[currentContext] = undefined
    return copy
  }
  let after: KubeconfigText | undefined
  try {
    after = readKubeconfig(cut)
  } catch {
    after = undefined
  }
  if (after !== undefined && isDeepStrictEqual(comparable(after.value), comparable(before.value))) return
  throw new KnestError(
    'config',
    `the kubeconfig is written in a way that knest cannot take "${names.contexts}" out of`,
    {
      hint: `remove it with ${kubectlCommand('config', 'delete-context', names.contexts)}`,
    },
  )
}
