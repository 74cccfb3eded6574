import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { duplexPair, type Duplex } from 'node:stream'
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import { issueCertificate, KnestError } from '@knest/core'
import type { CertificateAuthorities, KindRef, KubeObject } from '@knest/core'
import { createFakeKubeApi, type FakeKind, type FakeKubeApi } from './fake-kube-api.js'
import { fieldMatcher, labelMatcher } from './fake-selectors.js'
import { pluralOf } from './world/paths.js'

/** The API server of a nested cluster in memory, over TLS as the real one. */
export interface FakeNestedApi {
  readonly objects: FakeKubeApi
  /** A connection to its port. Its certificate is signed by the cluster's own authority. */
  dial(): Promise<Duplex>
}

const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const rbac = 'rbac.authorization.k8s.io/v1'
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  v1: ['Namespace', 'Node', 'ConfigMap', 'Service', 'ServiceAccount', 'Pod', 'Secret'],
  'apps/v1': ['Deployment', 'DaemonSet'],
  'policy/v1': ['PodDisruptionBudget'],
  [rbac]: ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'storage.k8s.io/v1': ['StorageClass'],
}
// What kubelets and controllers would say of the others, the fake says by patches of the whole object.
const kinds: readonly FakeKind[] = Object.entries(kindsOf).flatMap(([apiVersion, names]) =>
  names.map((kind) => ({ apiVersion, kind, statusSubresource: kind === 'Service' })),
)

interface Change {
  readonly version: number
  readonly type: 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
}

/**
 * Serves objects of a fake API over HTTP, so that the client of core and all above it run as they do against
 * a real nested cluster: lists, watches from a version on, server-side apply, patches, deletes.
 */
export function createFakeNestedApi(
  authorities: () => Promise<CertificateAuthorities | undefined>,
): FakeNestedApi {
  const objects = createFakeKubeApi(kinds)
  const { signal } = new AbortController()
  const log: Change[] = []
  const watchers = new Set<(change: Change) => void>()
  let counter = 0
  objects.onChange((object, deleted) => {
    const change: Change = { version: ++counter, type: deleted ? 'DELETED' : 'MODIFIED', object }
    log.push(change)
    for (const tell of watchers) tell(change)
  })
  let identity: Promise<SecureContext> | undefined
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => fail(response, error))
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://nested')
    if (url.pathname === '/readyz') {
      response.end('ok')
      return
    }
    const body = await readJson(request)
    if (url.pathname === reviews) {
      json(response, { status: { allowed: true } })
      return
    }
    // What names no kind: discovery, and collections that go as a whole.
    if (/^\/apis?$/.test(url.pathname) || (request.method === 'DELETE' && isCollection(url.pathname))) {
      const method = request.method === 'DELETE' ? 'DELETE' : 'GET'
      const { status, body: text } = await objects.raw(url.pathname, signal, { method })
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
      return
    }
    const { kind, namespace, name, subresource } = target(url.pathname)
    const dryRun = url.searchParams.get('dryRun') === 'All'
    switch (request.method) {
      case 'POST': {
        json(response, await objects.create(body as KubeObject, { signal, dryRun }))
        return
      }
      case 'PUT': {
        json(response, await objects.replace(body as KubeObject, { signal }))
        return
      }
      case 'PATCH': {
        json(
          response,
          request.headers['content-type'] === 'application/apply-patch+yaml'
            ? await objects.apply(body as KubeObject, { signal, dryRun })
            : await objects.patch(kind, name ?? '', namespace, body, {
                signal,
                ...(subresource === undefined ? {} : { subresource }),
              }),
        )
        return
      }
      case 'DELETE':
        if (await objects.delete(kind, name ?? '', namespace, { ...(body as object), signal })) {
          json(response, {})
          return
        }
        throw notFound(url.pathname)
      default:
        if (name !== undefined) {
          const found = await objects.get(kind, name, namespace, signal)
          if (found === undefined) throw notFound(url.pathname)
          json(response, found)
          return
        }
        if (url.searchParams.has('watch')) {
          watch(kind, namespace, url.searchParams, response)
          return
        }
        return list(kind, namespace, url.searchParams, response)
    }
  }

  async function list(
    kind: KindRef,
    namespace: string | undefined,
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    const items = await objects.list(kind, {
      namespace,
      labelSelector: query.get('labelSelector') ?? undefined,
      fieldSelector: query.get('fieldSelector') ?? undefined,
      signal,
    })
    // Whatever comes while the list is made is told again, which does no harm.
    json(response, { metadata: { resourceVersion: String(counter) }, items })
  }

  function watch(
    kind: KindRef,
    namespace: string | undefined,
    query: URLSearchParams,
    response: ServerResponse,
  ): void {
    const hasLabels = labelMatcher(query.get('labelSelector') ?? '')
    const hasFields = fieldMatcher(kind.kind, query.get('fieldSelector') ?? '')
    const tell = ({ type, object }: Change): void => {
      const isOne =
        object.kind === kind.kind &&
        object.apiVersion === kind.apiVersion &&
        (namespace ?? object.metadata.namespace) === object.metadata.namespace &&
        hasFields(object)
      if (!isOne) return
      const seen = hasLabels(object.metadata.labels ?? {}) ? type : 'DELETED'
      response.write(`${JSON.stringify({ type: seen, object })}\n`)
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    for (const change of log.filter(({ version }) => version > Number(query.get('resourceVersion'))))
      tell(change)
    watchers.add(tell)
    response.once('close', () => watchers.delete(tell))
  }

  return {
    objects,
    dial: async () => {
      identity ??= serverIdentity(await authorities())
      const secureContext = await identity
      const [near, far] = duplexPair()
      const secured = new TLSSocket(far, { isServer: true, secureContext })
      secured.on('error', () => undefined)
      near.on('error', () => undefined)
      server.emit('connection', secured)
      return near
    },
  }
}

async function serverIdentity(authorities: CertificateAuthorities | undefined): Promise<SecureContext> {
  if (authorities === undefined) throw new Error('the nested cluster has no authorities yet')
  return createSecureContext(
    await issueCertificate(authorities.ca, {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost'],
      usages: ['server'],
    }),
  )
}

/** What a path of the API is about. Plurals of these kinds are formed as in English. */
function target(path: string): {
  readonly kind: KindRef
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
} {
  const match =
    /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))(?:\/namespaces\/([^/]+)(?=\/[^/]))?\/([a-z]+)(?:\/([^/]+))?(?:\/(status))?$/.exec(
      path,
    )
  const [, core, group, namespace, plural, name, subresource] = match ?? []
  const apiVersion = core ?? group
  const kind = kinds.find((each) => each.apiVersion === apiVersion && pluralOf(each.kind) === plural)
  if (kind === undefined) throw notFound(path)
  return { kind, namespace, name, subresource }
}

function isCollection(path: string): boolean {
  return target(path).name === undefined
}

const statuses: Readonly<Record<string, number>> = {
  'not-found': 404,
  'already-exists': 409,
  conflict: 409,
  config: 422,
}

function fail(response: ServerResponse, error: unknown): void {
  const code = error instanceof KnestError ? (statuses[error.code] ?? 500) : 500
  const isThere = error instanceof KnestError && error.code === 'already-exists'
  const message = error instanceof Error ? error.message : String(error)
  const reason = isThere ? 'AlreadyExists' : 'Failure'
  json(response, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }, code)
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const text = Buffer.concat(pieces).toString('utf8')
  return text === '' ? undefined : JSON.parse(text)
}

function notFound(path: string): KnestError {
  return new KnestError('not-found', `memory has nothing at ${path}`)
}
