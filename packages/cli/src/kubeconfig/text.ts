import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type Pair,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { KnestError } from 'knest'
import { readKubeconfigYaml, YamlFault } from 'knest/kube'

/** A kubeconfig read for its values and for where they stand in the text. */
export interface KubeconfigText {
  readonly text: string
  /** Undefined when there is nothing but comments. */
  readonly root: YAMLMap.Parsed | undefined
  readonly value: Readonly<Record<string, unknown>>
}

/** Reads its first document, as kubectl does, with kubectl's values. Throws `config` for what is not one YAML map. */
export function readKubeconfig(text: string): KubeconfigText {
  const [document] = parseAllDocuments(text, {
    keepSourceTokens: true,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  }) as Document.Parsed[]
  const value = (valueOf(text) ?? {}) as Record<string, unknown>
  const root: unknown = document?.contents ?? null
  if (root !== null && !isMap(root) && !isEmptyScalar(root)) {
    throw new KnestError('config', 'the kubeconfig is not a group of fields', {
      hint: 'repair it, or name another file with $KUBECONFIG',
    })
  }
  return { text, root: isMap(root) ? (root as YAMLMap.Parsed) : undefined, value }
}

function valueOf(text: string): unknown {
  try {
    return readKubeconfigYaml(text)
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    const why = error.message.startsWith('it ') ? error.message.slice(3) : `is no YAML: ${error.message}`
    throw new KnestError('config', `the kubeconfig ${why}`, {
      hint: 'repair it, or name another file with $KUBECONFIG',
    })
  }
}

/** Of a repeated key the last, which is the one that counts. */
export function findPair(root: YAMLMap.Parsed, key: string): Pair<ParsedNode, ParsedNode | null> | undefined {
  return root.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key)
}

/** Where a node's own text ends, without comments and line breaks after it. */
export function contentEnd(text: string, node: unknown, emptyEnd: number): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1) as Pair<ParsedNode, ParsedNode | null> | undefined
    return last === undefined ? emptyEnd : contentEnd(text, last.value, colonEnd(last))
  }
  if (isSeq(node) && node.flow !== true) {
    const index = node.items.length - 1
    return index < 0
      ? emptyEnd
      : contentEnd(text, node.items[index], itemStart(node as YAMLSeq.Parsed, index) + 1)
  }
  if (!isNode(node) || !node.range || isEmptyScalar(node)) return emptyEnd
  // A block scalar's range includes its last line break.
  const end = node.range[1]
  return text[end - 1] === '\n' ? end - 1 : end
}

/** Just after the ":" of a pair. */
export function colonEnd(pair: Pair<ParsedNode>): number {
  const separator = pair.srcToken?.sep?.find((token) => token.type === 'map-value-ind')
  return separator === undefined ? pair.key.range[1] : separator.offset + 1
}

/** Where the "-" of an item of a block sequence stands. */
export function itemStart(sequence: YAMLSeq.Parsed, index: number): number {
  const token = sequence.srcToken
  const start = token?.type === 'block-seq' ? token.items[index]?.start : undefined
  const dash = start?.find((part) => part.type === 'seq-item-ind')
  return dash?.offset ?? sequence.range[0]
}

/** The end of the line that holds `at`, before its line break. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  if (end === -1) return text.length
  return text[end - 1] === '\r' ? end - 1 : end
}

/** The line break before the line that holds `at`; 0 on the first line. */
export function lineBreakBefore(text: string, at: number): number {
  const end = at === 0 ? -1 : text.lastIndexOf('\n', at - 1)
  if (end === -1) return 0
  return text[end - 1] === '\r' ? end - 1 : end
}

export function column(text: string, at: number): number {
  return at - (at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1)
}

export interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** Edits must not overlap; those at one place are applied in the order given. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((a, b) => a.from - b.from || a.to - b.to)
  let result = ''
  let at = 0
  for (const edit of ordered) {
    result += text.slice(at, edit.from) + edit.text
    at = edit.to
  }
  return result + text.slice(at)
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null && (!node.range || node.range[0] === node.range[1])
}
