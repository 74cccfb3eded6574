import { randomUUID } from 'node:crypto'
import { modernSpec, phaseTable } from '@knest/core'
import type { ClusterRecord, ClusterRef, ClusterSpec, RecordedStatus } from '@knest/core'
import { parseAccess } from './access.js'
import { parseAuthorities } from './authorities.js'
import type { HomeFile, HomeFiles } from './files.js'
import { fieldsOf, isFields, isText, type Fields } from './json.js'

/** What is known from the first moment on; a label of the home volume, since labels cannot change. */
export interface RecordLabel extends ClusterRef {
  readonly uid: string
  readonly createdAt: string
  readonly spec: ClusterSpec
  /** Range of the engine's network, for ever. Absent in records of earlier versions. */
  readonly subnet?: string | undefined
}

interface SavedSpec {
  readonly version: number
  readonly spec: ClusterSpec
}

export function newRecordLabel(ref: ClusterRef, spec: ClusterSpec, now: Date, subnet?: string): RecordLabel {
  const { name, namespace } = ref
  return { name, namespace, uid: randomUUID(), createdAt: now.toISOString(), spec, subnet }
}

/** podman reads label values as CSV: quotes and commas must not be in them. */
export function encodeLabel(label: RecordLabel): string {
  return Buffer.from(JSON.stringify(label)).toString('base64url')
}

/** Undefined when it is not one of ours, or damaged. */
export function decodeLabel(text: string | undefined): RecordLabel | undefined {
  const label = text === undefined ? undefined : fieldsOf(Buffer.from(text, 'base64url').toString())
  if (label === undefined || specIn(label) === undefined) return undefined
  const texts = [label.name, label.namespace, label.uid, label.createdAt]
  if (label.subnet !== undefined && typeof label.subnet !== 'string') return undefined
  return texts.every((value) => typeof value === 'string') ? (label as unknown as RecordLabel) : undefined
}

/** What cannot be read counts as absent; see `damagedFiles`. */
export function toRecord(label: RecordLabel, files: HomeFiles): ClusterRecord {
  const saved = fieldsOf(files['spec.json'])
  const status = readStatus(files['status.json'])
  return {
    name: label.name,
    namespace: label.namespace,
    uid: label.uid,
    createdAt: label.createdAt,
    // The version before may have written either of them.
    spec: modernSpec(specIn(saved) ?? label.spec),
    version: String(specIn(saved) !== undefined && Number.isInteger(saved?.version) ? saved?.version : 1),
    phase: status?.phase ?? 'Creating',
    conditions: status?.conditions ?? [],
  }
}

const readers: Readonly<Record<HomeFile, (text: string) => unknown>> = {
  'spec.json': (text) => specIn(fieldsOf(text)),
  'status.json': readStatus,
  'authorities.json': parseAuthorities,
  kubeconfig: parseAccess,
}

/** Files of a record that are there and cannot be read: a machine that lost power may leave them cut off. */
export function damagedFiles(files: HomeFiles): readonly HomeFile[] {
  return Object.entries(readers)
    .filter(([file, read]) => {
      const text = files[file as HomeFile]
      return text !== undefined && read(text) === undefined
    })
    .map(([file]) => file as HomeFile)
}

function readStatus(text: string | undefined): RecordedStatus | undefined {
  const status = fieldsOf(text)
  const known = typeof status?.phase === 'string' && Object.hasOwn(phaseTable, status.phase)
  return known && Array.isArray(status.conditions) ? (status as unknown as RecordedStatus) : undefined
}

export function savedSpec(record: ClusterRecord, spec: ClusterSpec): string {
  return JSON.stringify({ version: Number(record.version) + 1, spec } satisfies SavedSpec)
}

function specIn(value: Fields | undefined): unknown {
  const spec = value?.spec
  if (!isFields(spec) || !isText(spec.image) || !isFields(spec.controlPlane) || !isFields(spec.network))
    return undefined
  return Array.isArray(spec.workers) ? spec : undefined
}
