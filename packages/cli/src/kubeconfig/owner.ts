import { contextName, KnestError, type ClusterRef } from 'knest'
import { quoteAmbiguous } from 'knest/manifests'
import { parseDocument } from 'yaml'
import { entriesOf, isEntry, ownExtension, withOwnExtension, type Entry } from './entries.js'
import { hostRecordOf, type HostRecord } from './host-record.js'
import { isSameServer } from './same-server.js'
import { readKubeconfig } from './text.js'

/**
 * Whose a context is. It is written into the context, which is found by it whatever it is called by now, and is
 * never taken for another's that only has its name.
 */
export type ContextOwner = NestedOwner | EmbeddedOwner

export interface NestedOwner {
  readonly ref: ClusterRef
  readonly host: HostRecord
}

interface EmbeddedOwner {
  /** Name of an embedded host of this machine; its context's too. */
  readonly embedded: string
}

/** The kubeconfig with its owner in each of its contexts. */
export function withOwner(kubeconfig: string, owner: ContextOwner): string {
  const document = parseDocument(kubeconfig)
  const { contexts } = document.toJS() as { readonly contexts?: unknown }
  const entries = Array.isArray(contexts) ? (contexts as unknown[]) : []
  const own =
    'ref' in owner
      ? { host: owner.host, cluster: { namespace: owner.ref.namespace, name: owner.ref.name } }
      : { embedded: owner.embedded }
  for (const [index, entry] of entries.entries()) {
    if (!isEntry(entry)) continue
    document.setIn(['contexts', index], document.createNode(withOwnExtension(entry, own)))
  }
  quoteAmbiguous(document)
  return document.toString({ lineWidth: 0, indentSeq: false })
}

/**
 * Whether a context of a kubeconfig is the owner's. In those of before knest wrote owners, the name counts, and
 * that the cluster has this authority (as in `certificate-authority-data`).
 */
function isOwnedBy(context: Entry, owner: ContextOwner, sameAuthority: () => boolean): boolean {
  const own = ownExtension(context)
  if (own === undefined) return false
  const host = hostRecordOf(context)
  if (!('ref' in owner)) {
    if (own.embedded !== undefined) return own.embedded === owner.embedded
    return host === undefined && context.name === owner.embedded
  }
  if (own.embedded !== undefined) return false
  if (host === undefined) return context.name === contextName(owner.ref.name) && sameAuthority()
  if (!isSameHost(host, owner.host)) return false
  const { namespace, name } = (own.cluster ?? {}) as Partial<ClusterRef>
  if (name === undefined) return context.name === contextName(owner.ref.name)
  return name === owner.ref.name && namespace === owner.ref.namespace
}

/** By the uid; by the server where one of them has none. */
export function isSameHost(one: HostRecord, other: HostRecord): boolean {
  if (one.uid !== undefined && other.uid !== undefined) return one.uid === other.uid
  return isSameServer(one.server, other.server)
}

/** `certificate-authority-data` of the cluster of a context, or of the first of all. */
export function authorityOf(
  value: Readonly<Record<string, unknown>>,
  context: Entry | undefined = entriesOf(value, 'contexts')[0],
): string | undefined {
  const { cluster: name } = (context?.context ?? {}) as { readonly cluster?: unknown }
  const entry = entriesOf(value, 'clusters').find((cluster) => cluster.name === name)
  const { 'certificate-authority-data': authority } = (entry?.cluster ?? {}) as Readonly<
    Record<string, unknown>
  >
  return typeof authority === 'string' ? authority : undefined
}

/** The contexts of a text that are the owner's; `authority` is that of its cluster, as far as it is known. */
export function contextsOf(
  value: Readonly<Record<string, unknown>>,
  owner: ContextOwner,
  authority: string | undefined,
): readonly Entry[] {
  const isSame = (context: Entry): boolean =>
    authority !== undefined && authorityOf(value, context) === authority
  return entriesOf(value, 'contexts').filter((context) => isOwnedBy(context, owner, () => isSame(context)))
}

/**
 * Whether a kubeconfig file of one cluster is the owner's. One of before knest wrote owners counts as that. Undefined
 * for a damaged one.
 */
export function isFileOf(text: string, owner: ContextOwner): boolean | undefined {
  return unlessDamaged(() => {
    const [context] = entriesOf(readKubeconfig(text).value, 'contexts')
    if (context === undefined || ownExtension(context)?.host === undefined) return true
    return isOwnedBy(context, owner, () => false)
  })
}

/** The authority in a kubeconfig file of one cluster; undefined for a damaged one. */
export function authorityIn(text: string): string | undefined {
  return unlessDamaged(() => authorityOf(readKubeconfig(text).value))
}

function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof KnestError) return undefined
    throw error
  }
}

/** The nested clusters that contexts of a text are of, as far as it was written into them. */
export function nestedOwners(value: Readonly<Record<string, unknown>>): readonly NestedOwner[] {
  return entriesOf(value, 'contexts').flatMap((context) => {
    const host = hostRecordOf(context)
    const { namespace, name } = (ownExtension(context)?.cluster ?? {}) as Partial<ClusterRef>
    if (host === undefined || namespace === undefined || name === undefined) return []
    return [{ host, ref: { namespace, name } }]
  })
}
