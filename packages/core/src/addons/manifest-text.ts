import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { anySignal } from '../signals.js'

/** For messages: what a manifest is, and what to do about one that cannot be used. */
export interface ManifestPurpose {
  /** As in `CNI manifest`. */
  readonly what: string
  readonly unreadableHint: string
}

const cniPurpose: ManifestPurpose = {
  what: 'CNI manifest',
  unreadableHint: 'give a file or URL this machine can read, or use --cni flannel',
}

/** Reads a file, or fetches an http(s) URL. Throws `config`. */
export async function loadManifest(
  source: string,
  signal: AbortSignal,
  { what, unreadableHint }: ManifestPurpose = cniPurpose,
): Promise<string> {
  try {
    if (!/^https?:\/\//.test(source)) return await readFile(source, { encoding: 'utf8', signal })
    const response = await fetch(source, { signal: anySignal(signal, AbortSignal.timeout(60_000)) })
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    return await response.text()
  } catch (error) {
    signal.throwIfAborted()
    throw new KnestError('config', `${what} "${source}" cannot be read: ${reason(error)}`, {
      hint: unreadableHint,
      cause: error,
    })
  }
}

/** All objects of a YAML text; Lists are taken apart. Throws `config`, naming `source`. */
export function parseManifest(text: string, source: string, { what } = cniPurpose): KubeObject[] {
  const documents = parseAllDocuments(text)
  const parsed = Array.isArray(documents) ? documents : []
  const [error] = parsed.flatMap((document) => document.errors)
  if (error !== undefined) {
    throw new KnestError('config', `${what} "${source}" is not YAML: ${error.message.split('\n')[0] ?? ''}`, {
      hint: 'is it a manifest, or a web page about one?',
    })
  }
  const objects = parsed.flatMap((document) => flatten(document.toJS(), source, what))
  if (objects.length === 0) {
    throw new KnestError('config', `${what} "${source}" holds no objects`, { hint: 'give another file' })
  }
  return objects
}

function flatten(value: unknown, source: string, what: string): KubeObject[] {
  if (value === null || value === undefined) return []
  const object = value as Partial<KubeObject>
  if (object.kind === 'List' && Array.isArray(object.items)) {
    return object.items.flatMap((item) => flatten(item, source, what))
  }
  if (object.apiVersion === undefined || object.kind === undefined || object.metadata?.name === undefined) {
    throw new KnestError('config', `${what} "${source}" holds something that is no Kubernetes object`, {
      hint: 'every document needs apiVersion, kind and metadata.name',
    })
  }
  return [object as KubeObject]
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
