import { KnestError } from 'knest'
import { readKubeconfig } from './text.js'

export const sections = ['clusters', 'users', 'contexts'] as const
export type Section = (typeof sections)[number]
export const currentContext = 'current-context'
/** No field of a kubeconfig is called so. */
export const wholeFile = 'file'

/** A named entry of a kubeconfig, as in `{ name, cluster }`. */
export type Entry = Readonly<Record<string, unknown>> & { readonly name: string }

/** The one cluster, user and context of a kubeconfig that knest rendered. */
export type Addition = Readonly<Record<Section, Entry>>

export function readAddition(text: string): Addition {
  const { value } = readKubeconfig(text)
  const only = (section: Section): Entry => {
    const [entry, ...rest] = entriesOf(value, section)
    if (entry === undefined || rest.length > 0) {
      throw new KnestError('config', `a kubeconfig to merge has one of ${section}, this one has not`)
    }
    return entry
  }
  return { clusters: only('clusters'), users: only('users'), contexts: only('contexts') }
}

export function entriesOf(value: Readonly<Record<string, unknown>>, section: Section): Entry[] {
  const list = value[section] ?? []
  if (!Array.isArray(list)) {
    throw new KnestError('config', `"${section}" of the kubeconfig is not a list`, {
      hint: 'repair the file',
    })
  }
  return (list as unknown[]).filter(isEntry)
}

export function isEntry(entry: unknown): entry is Entry {
  return typeof entry === 'object' && entry !== null && typeof (entry as { name?: unknown }).name === 'string'
}

/**
 * What stood in the file before knest's entry came: for each field the text after its ":", or null
 * when there was no such field. Kept in the entry itself, so that removing it can give back the former
 * bytes whoever removes it, and when. Under `wholeFile`: what a file held that was there and had no fields at all.
 */
export type Former = Readonly<Record<string, string | null>>

export const extensionName = 'knest.dev'

/** What knest keeps in a context, beside what other programs keep there. */
type OwnExtension = Readonly<Record<string, unknown>> & { readonly former?: Former }

/** Undefined when the entry is not one of knest's. */
export function ownExtension(entry: Entry): OwnExtension | undefined {
  const own = extensionsOf(entry).find(({ name }) => name === extensionName)
  return own === undefined ? undefined : ((own.extension ?? {}) as OwnExtension)
}

/** Adds fields to what knest keeps in a context. */
export function withOwnExtension(entry: Entry, more: OwnExtension): Entry {
  return setOwn(entry, { ...ownExtension(entry), ...more })
}

export function withFormer(entry: Entry, former: Former): Entry {
  return withOwnExtension(entry, { former })
}

/** The entry as it was added. */
export function withoutFormer(entry: Entry): Entry {
  const own = ownExtension(entry)
  if (own === undefined) return entry
  const rest = Object.entries(own).filter(([field]) => field !== 'former')
  return setOwn(entry, rest.length === 0 ? undefined : Object.fromEntries(rest))
}

/** Undefined when the entry is not one of knest's. */
export function formerOf(entry: Entry): Former | undefined {
  const own = ownExtension(entry)
  return own === undefined ? undefined : (own.former ?? {})
}

interface Extension {
  readonly name?: unknown
  readonly extension?: unknown
}

function extensionsOf(entry: Entry): readonly Extension[] {
  const { extensions } = (entry.context ?? {}) as { extensions?: unknown }
  if (!Array.isArray(extensions)) return []
  return (extensions as unknown[]).filter(
    (each): each is Extension => typeof each === 'object' && each !== null,
  )
}

function setOwn(entry: Entry, own: OwnExtension | undefined): Entry {
  const others = extensionsOf(entry).filter(({ name }) => name !== extensionName)
  const extensions = own === undefined ? others : [...others, { name: extensionName, extension: own }]
  const fields = Object.entries(entry.context ?? {}).filter(([field]) => field !== 'extensions')
  const context = Object.fromEntries(fields)
  return { ...entry, context: extensions.length === 0 ? context : { ...context, extensions } }
}
