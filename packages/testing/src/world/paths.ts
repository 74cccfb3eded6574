import type { KubeApi } from '@knest/core'
import type { Store, StoredKind, Writer } from './store.js'

type Request = NonNullable<Parameters<KubeApi['raw']>[2]>
type Answer = Awaited<ReturnType<KubeApi['raw']>>

/** What a request of a path needs the right to. */
export interface PathAccess {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace: string
}

export function pluralOf(kind: string): string {
  const name = kind.toLowerCase()
  return name.endsWith('s') ? `${name}es` : `${name}s`
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/**
 * What a server answers to requests that name no kind: its health, what it serves (the aggregated discovery of
 * Kubernetes 1.27 and later), the collections of a namespace, and that a namespace has been emptied.
 */
export function answerPath(
  store: Store,
  by: Writer,
  path: string,
  { method, body, accept }: Request = { method: 'GET' },
): Answer {
  const said = (value: unknown): Answer => ({ status: 200, body: JSON.stringify(value) })
  if (path === '/readyz') return { status: 200, body: 'ok' }
  if (path === '/api' || path === '/apis') return said(discovery(store, path))
  const [, version = '', namespace = '', resource = ''] = inNamespace.exec(path) ?? []
  const kind = store.served().find((each) => rootOf(each) === path || isAt(each, version, resource))
  if (path.startsWith('/apis/') && kind !== undefined && namespace === '') return said({})
  if (version === '/api/v1' && ['', 'finalize'].includes(resource))
    return answerNamespace(store, by, namespace, method === 'PUT' ? body : undefined)
  if (kind === undefined || kind.isClusterWide === true || namespace === '') return notThere
  const items = store.list(kind, { namespace })
  if (method === 'DELETE')
    for (const { metadata } of items) store.delete(by, kind, metadata.name, metadata.namespace)
  const isBrief = accept?.includes('PartialObjectMetadataList') === true
  return said({ items: isBrief ? items.map(({ metadata }) => ({ metadata })) : items })
}

/** Undefined for what everybody may. */
export function accessToPath(path: string, method: Request['method']): PathAccess | undefined {
  const [, version = '', namespace = '', resource = ''] = inNamespace.exec(path) ?? []
  if (namespace === '') return undefined
  if (resource === '') return { verb: 'get', group: '', resource: 'namespaces', namespace }
  if (resource === 'finalize')
    return { verb: 'update', group: '', resource: 'namespaces', subresource: 'finalize', namespace }
  const verb = method === 'DELETE' ? 'deletecollection' : 'list'
  return { verb, group: version.split('/').at(-2)?.replace('api', '') ?? '', resource, namespace }
}

const inNamespace = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/namespaces\/([^/]+)(?:\/([^/]+))?$/
const notThere: Answer = { status: 404, body: '404 page not found\n' }
const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }

function rootOf({ apiVersion }: StoredKind): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

function isAt(kind: StoredKind, version: string, resource: string): boolean {
  return rootOf(kind) === version && pluralOf(kind.kind) === resource
}

function discovery(store: Store, root: '/api' | '/apis'): object {
  const kinds = store.served().filter((kind) => rootOf(kind).split('/')[1] === root.slice(1))
  const versions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))]
  const items = versions.map((apiVersion) => ({
    metadata: root === '/api' ? {} : { name: apiVersion.split('/')[0] },
    versions: [
      {
        version: apiVersion.split('/').at(-1),
        freshness: 'Current',
        resources: kinds
          .filter((kind) => kind.apiVersion === apiVersion)
          .map(({ kind, isClusterWide }) => ({
            resource: pluralOf(kind),
            scope: isClusterWide === true ? 'Cluster' : 'Namespaced',
            verbs,
          })),
      },
    ],
  }))
  return { kind: 'APIGroupDiscoveryList', items }
}

/** Reads a namespace, or takes the finalizers of its `spec` off as far as `body` says so. */
function answerNamespace(store: Store, by: Writer, name: string, body: unknown): Answer {
  const found = store.served().some(({ kind }) => kind === namespaceKind.kind)
    ? store.get(namespaceKind, name)
    : undefined
  if (found === undefined) return notThere
  const { spec } = (body ?? {}) as { readonly spec?: { readonly finalizers?: readonly string[] } }
  if (found.metadata.deletionTimestamp !== undefined && spec?.finalizers?.length === 0) store.letGo(by, found)
  return { status: 200, body: JSON.stringify(found) }
}
