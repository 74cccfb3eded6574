import { LineCounter, isNode, isScalar, parseAllDocuments, type Document } from 'yaml'
import { KnestError, PreflightError, type Problem } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { convertKindFile, kindApiVersion, kindKind } from './kind-file/index.js'
import { orList } from './nearest.js'
import { modernize, type Found } from './old-spellings.js'
import { clusterFileSchema, type ClusterInput } from './schema.js'
import { checkShape, type Path } from './schema-problems.js'

export const clusterApiVersion = 'knest.dev/v1alpha1'
export const clusterKind = 'NestedCluster'

export interface ClusterFile {
  /** Names the file gives; both may be missing. Not validated yet. */
  readonly ref: { readonly name?: string; readonly namespace?: string }
  /** As written there: not validated yet. */
  readonly labels: Readonly<Record<string, string>>
  readonly input: ClusterInput
  /** What the file spells as older versions did, each with the new spelling. */
  readonly warnings: readonly string[]
  /** What a file of kind asks for and a nested cluster would lack, with its lines. */
  readonly unsupported: readonly Problem[]
}

/**
 * Reads one NestedCluster, or a cluster of kind (v1alpha4), from YAML or JSON. Checks shape and types, not values: `resolveSpec` does.
 * Throws `config`: for text that is not YAML with line and column, else with every unknown field.
 */
export function parseClusterFile(text: string, fileName: string): ClusterFile {
  const lines = new LineCounter()
  const document = onlyDocument(text, fileName, lines)
  const value: unknown = toValue(document, fileName)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KnestError('config', `"${fileName}" is not a Kubernetes object`, { hint: example })
  }
  const locate = (path: Path): string => {
    const line = lineOf(document, path, lines)
    return line === undefined ? `"${fileName}": ` : `"${fileName}" line ${line}: `
  }
  if (isOfKind(value)) {
    const { name, ...converted } = convertKindFile(value, locate)
    return { ref: name === undefined ? {} : { name }, labels: {}, ...converted }
  }
  checkKind(value, fileName)

  const { spec, warnings, problems, writtenAs } = modernize('spec' in value ? value.spec : undefined, 'file')
  const said = ({ message, path }: Omit<Found, 'hint'>): string => `${locate(['spec', ...path])}${message}`
  if (problems.length > 0) {
    throw new PreflightError(
      'config',
      problems.map((problem) => ({ ...problem, message: said(problem) })),
    )
  }
  const file = 'spec' in value ? { ...value, spec } : value
  const checked = checkShape(clusterFileSchema, file, { locate: (path) => locate(writtenAs(path)) })
  if (!checked.ok) throw new PreflightError('config', checked.problems)
  const { name, namespace, labels: written } = checked.value.metadata ?? {}
  return {
    ref: { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) },
    labels: written ?? {},
    input: checked.value.spec ?? {},
    warnings: warnings.map((warning) => said(warning)),
    unsupported: [],
  }
}

const example = `begin it with "apiVersion: ${clusterApiVersion}" and "kind: ${clusterKind}"`

function onlyDocument(text: string, fileName: string, lines: LineCounter): Document.Parsed {
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const documents = Array.isArray(parsed) ? parsed : []
  const error = documents.flatMap((document) => document.errors)[0]
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    throw new KnestError(
      'config',
      `"${fileName}" is not YAML: line ${line}, column ${col}: ${sentencePart(error.message)}`,
      { hint: 'correct that line' },
    )
  }
  const filled = documents.filter((document) => !isEmpty(document) && !isBinding(document))
  if (filled.length > 1) {
    throw new KnestError('config', `"${fileName}" holds ${filled.length} documents, one is allowed`, {
      hint: `keep the ${clusterKind} and apply the others with kubectl`,
    })
  }
  const [document] = filled
  if (document === undefined) throw new KnestError('config', `"${fileName}" is empty`, { hint: example })
  return document
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === null)
}

/** What `render` prints for the controller, which `apply` makes by itself. */
function isBinding(document: Document.Parsed): boolean {
  const by = document.getIn(['metadata', 'labels', labels.managedBy])
  return document.get('kind') === 'RoleBinding' && by === managedByKnest
}

function toValue(document: Document.Parsed, fileName: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    // Unresolved aliases, and aliases that would expand without bounds.
    throw new KnestError('config', `"${fileName}" is not usable YAML: ${sentencePart(String(error))}`, {
      hint: 'write the values out without aliases',
      cause: error,
    })
  }
}

function isOfKind(value: object): boolean {
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown }
  return apiVersion === kindApiVersion && kind === kindKind
}

function checkKind(value: object, fileName: string): void {
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown }
  const given = (field: unknown): string => (typeof field === 'string' ? `"${field}"` : 'missing')
  if (kind !== clusterKind) {
    throw new KnestError('config', `"${fileName}" holds no ${clusterKind}: its kind is ${given(kind)}`, {
      hint: example,
    })
  }
  if (apiVersion !== clusterApiVersion) {
    throw new KnestError('config', `"${fileName}" has an unknown apiVersion: it is ${given(apiVersion)}`, {
      hint: `use ${orList([clusterApiVersion])}`,
    })
  }
}

function lineOf(document: Document.Parsed, path: Path, lines: LineCounter): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

function sentencePart(message: string): string {
  return message.split('\n')[0]?.replace(/\.$/, '') ?? message
}
