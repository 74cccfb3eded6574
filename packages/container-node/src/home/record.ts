import { randomUUID } from 'node:crypto'
import { modernSpec } from '@knest/core'
import type { ClusterRecord, ClusterRef, ClusterSpec, RecordedStatus } from '@knest/core'
import type { HomeFile } from './files.js'

/** What is known from the first moment on; a label of the home volume, since labels cannot change. */
export interface RecordLabel extends ClusterRef {
  readonly uid: string
  readonly createdAt: string
  readonly spec: ClusterSpec
}

interface SavedSpec {
  readonly version: number
  readonly spec: ClusterSpec
}

export function newRecordLabel(ref: ClusterRef, spec: ClusterSpec, now: Date): RecordLabel {
  return { name: ref.name, namespace: ref.namespace, uid: randomUUID(), createdAt: now.toISOString(), spec }
}

/** podman reads label values as CSV: quotes and commas must not be in them. */
export function encodeLabel(label: RecordLabel): string {
  return Buffer.from(JSON.stringify(label)).toString('base64url')
}

/** Undefined when it is not one of ours. */
export function decodeLabel(text: string | undefined): RecordLabel | undefined {
  try {
    return text === undefined
      ? undefined
      : (JSON.parse(Buffer.from(text, 'base64url').toString()) as RecordLabel)
  } catch {
    return undefined
  }
}

export function toRecord(
  label: RecordLabel,
  files: Readonly<Partial<Record<HomeFile, string>>>,
): ClusterRecord {
  const saved = parse(files['spec.json']) as SavedSpec | undefined
  const status = parse(files['status.json']) as RecordedStatus | undefined
  return {
    name: label.name,
    namespace: label.namespace,
    uid: label.uid,
    createdAt: label.createdAt,
    // The version before may have written either of them.
    spec: modernSpec(saved?.spec ?? label.spec),
    version: String(saved?.version ?? 1),
    phase: status?.phase ?? 'Creating',
    conditions: status?.conditions ?? [],
  }
}

export function savedSpec(record: ClusterRecord, spec: ClusterSpec): string {
  return JSON.stringify({ version: Number(record.version) + 1, spec } satisfies SavedSpec)
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text)
}
