import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  Scalar,
  type Document,
  type ParsedNode,
  type YAMLMap,
} from 'yaml'

/** What kubectl cannot read either. Quotes nothing of the text, which may hold secrets. */
export class YamlFault extends Error {}

/** What the YAML parser of kubectl refuses: control characters. */

const unreadable = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\ufeff\uff00-\ufffd\u{10000}-\u{10ffff}]/u
/** What the library minds and kubectl does not; it has read it all the same. */
const harmless = 'Comments must be separated from other tokens'
/** Aliases of aliases may stand for more than memory holds. */
const mostNodes = 200_000

/**
 * Reads YAML (and so JSON) as kubectl does: the first document of the text and no other; of repeated keys the last;
 * `<<` merges; unquoted words by YAML 1.1 (`yes` is a boolean, `012` a number). Throws YamlFault.
 */
export function readYaml(text: string): unknown {
  const body = text.replace(/^\ufeff/, '')
  if (unreadable.test(body)) throw new YamlFault('it has control characters')
  if (/^%YAML[ \t]+(?!1\.1\s)/.test(body)) throw new YamlFault('it is of another version of YAML than 1.1')
  const [document] = parseAllDocuments(body, {
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  }) as Document.Parsed[]
  const end = endOf(document?.contents)
  const [error] =
    document?.errors.filter(({ message, pos }) => pos[0] < end && !message.startsWith(harmless)) ?? []
  if (error !== undefined) throw new YamlFault(`it is not YAML (${placeOf(body, error.pos[0])})`)
  return document === undefined ? null : new Reader(document).value(document.contents)
}

/** The text of a file, which may be UTF-16 when it begins with a byte order mark. Throws YamlFault. */
export function decodeText(bytes: Buffer): string {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new YamlFault('it is not UTF-8')
  }
}

/** A document in brackets ends with the last of them, and is all that kubectl reads. */
function endOf(contents: Node): number {
  return isCollection(contents) && contents.flow === true ? contents.range[1] : Number.POSITIVE_INFINITY
}

function placeOf(text: string, at: number): string {
  return `line ${text.slice(0, at).split('\n').length}`
}

type Node = ParsedNode | null | undefined

class Reader {
  readonly #document: Document.Parsed
  readonly #open = new Set<unknown>()
  #count = 0

  constructor(document: Document.Parsed) {
    this.#document = document
  }

  value(given: Node): unknown {
    this.#count++
    if (this.#count > mostNodes) throw new YamlFault('it has too many aliases')
    const node = this.#resolved(given)
    if (node === null || node === undefined) return null
    if (isScalar(node)) return scalarValue(node)
    if (this.#open.has(node)) throw new YamlFault('an anchor contains itself')
    this.#open.add(node)
    try {
      if (isSeq(node)) return node.items.map((item) => this.value(item as Node))
      const fields = new Map<string, unknown>()
      this.#fill(node as YAMLMap, fields)
      return Object.fromEntries(fields)
    } finally {
      this.#open.delete(node)
    }
  }

  #resolved(node: Node): Node {
    if (!isAlias(node)) return node
    const target = node.resolve(this.#document)
    if (target === undefined) throw new YamlFault('an alias has no anchor')
    return target as Node
  }

  /** In the order of the text: a merge that comes later replaces what stood before it, as in kubectl. */
  #fill(map: YAMLMap, fields: Map<string, unknown>): void {
    for (const { key, value } of map.items as { key: unknown; value: Node }[]) {
      if (isScalar(key) && key.type === Scalar.PLAIN && key.value === '<<') this.#merge(value, fields)
      else fields.set(keyText(this.value(key as Node)), this.value(value))
    }
  }

  #merge(value: Node, fields: Map<string, unknown>): void {
    const node = this.#resolved(value)
    const sources = isSeq(node) ? [...node.items].reverse() : [node]
    for (const source of sources) {
      const merged = this.#resolved(source)
      if (!isMap(merged)) throw new YamlFault('a merge ("<<") is of something else than fields')
      this.#count++
      if (this.#count > mostNodes || this.#open.has(merged)) throw new YamlFault('an anchor contains itself')
      this.#open.add(merged)
      this.#fill(merged, fields)
      this.#open.delete(merged)
    }
  }
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw new YamlFault('a key is not a word')
}

function scalarValue(node: Scalar): unknown {
  // The library has read `!!binary` already.
  if (node.value instanceof Uint8Array) return Buffer.from(node.value).toString('utf8')
  const text = typeof node.value === 'string' ? node.value : ''
  const { tag } = node
  if (tag !== undefined && !/^tag:yaml\.org,2002:(bool|int|float|null)$/.test(tag)) return text
  if (tag === undefined && node.type !== undefined && node.type !== Scalar.PLAIN) return text
  return plainValue(text)
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...wordsOf(true, 'y Y yes Yes YES true True TRUE on On ON'),
  ...wordsOf(false, 'n N no No NO false False FALSE off Off OFF'),
  ...wordsOf(null, '~ null Null NULL'),
  ['', null],
])

function wordsOf<T>(value: T, list: string): [string, T][] {
  return list.split(' ').map((word) => [word, value])
}

/** An unquoted word: what looks like a number or a boolean is one, and no text. Dates are text. */
export function plainValue(text: string): string | number | boolean | null {
  const word = words.get(text)
  if (word !== undefined) return word
  if (/^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$/.test(text)) return Number.NaN
  if (!/^[-+.\d]/.test(text)) return text
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '')
  const whole = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/.exec(digits)
  if (whole !== null) {
    const value = BigInt((whole[2] ?? '').replace(/^0(?=[0-7])/, '0o'))
    const limit = whole[1] === '-' ? 2n ** 63n : whole[1] === '+' ? 2n ** 63n - 1n : 2n ** 64n - 1n
    if (value <= limit) return Number(value) * (whole[1] === '-' ? -1 : 1)
  }
  if (!/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(digits)) return text
  const number = Number(digits)
  return Number.isFinite(number) ? number : text
}
