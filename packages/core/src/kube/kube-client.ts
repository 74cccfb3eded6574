import type { KindRef, KubeApi, KubeObject, ListOptions } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { ApiLink } from './api-link.js'
import { openByteStream } from './byte-stream.js'
import { execInPod } from './exec.js'
import { forwardToPod } from './forward.js'
import { objectPath, openResources, queryText, unknownKind } from './resources.js'
import { sendForObjects, sendRaw, sendVerified } from './verified.js'
import { openTerminal } from './terminal.js'
import { waitForObjects } from './wait-for.js'

const fieldManager = 'knest'

/** Objects of namespaced kinds without a namespace go to `defaultNamespace`, as with kubectl. */
export function openKubeClient(link: ApiLink, defaultNamespace: string): KubeApi {
  const resources = openResources(link.description, async (path, signal) => {
    // No such group version: every kind of it is unknown.
    return unlessNotFound(() => sendVerified(link, { method: 'GET', path, signal }))
  })

  const pathOf = async (
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    signal: AbortSignal,
    subresource?: string,
  ) => objectPath(kind, await resources.find(kind, signal), namespace ?? defaultNamespace, name, subresource)

  const listPath = async (kind: KindRef, { namespace, ...options }: ListOptions) => ({
    path: objectPath(kind, await resources.find(kind, options.signal), namespace),
    query: {
      ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
      ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
      ...(options.limit === undefined ? {} : { limit: String(options.limit) }),
    },
  })

  /** A list is only ever absent because its kind is. */
  const knownKind = async <T>(kind: KindRef, work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw isNotFound(error) ? unknownKind(kind, link.description, error) : error
    }
  }

  const stored = (answer: unknown) => answer as KubeObject
  const validation = (strict: boolean | undefined) => (strict === true ? { fieldValidation: 'Strict' } : {})
  const dryRunQuery = (dryRun: boolean | undefined) => (dryRun === true ? 'All' : undefined)

  return {
    description: link.description,

    apply: async (object, { signal, dryRun, force = true }) => {
      const { name, namespace } = object.metadata
      const query = queryText({ fieldManager, force: String(force), dryRun: dryRunQuery(dryRun) })
      const path = (await pathOf(object, name, namespace, signal)) + query
      const contentType = 'application/apply-patch+yaml'
      return stored(
        await sendVerified(link, { method: 'PATCH', path, body: appliable(object), contentType, signal }),
      )
    },

    create: async (object, { signal, dryRun, strict }) => {
      const resource = await resources.find(object, signal)
      const query = queryText({ fieldManager, dryRun: dryRunQuery(dryRun), ...validation(strict) })
      const path = objectPath(object, resource, object.metadata.namespace ?? defaultNamespace) + query
      return stored(await sendVerified(link, { method: 'POST', path, body: object, signal }))
    },

    replace: async (object, { signal, strict }) => {
      const { name, namespace } = object.metadata
      const query = queryText({ fieldManager, ...validation(strict) })
      const path = (await pathOf(object, name, namespace, signal)) + query
      return stored(await sendVerified(link, { method: 'PUT', path, body: object, signal }))
    },

    patch: async (kind, name, namespace, patch, { signal, subresource }) => {
      const path = (await pathOf(kind, name, namespace, signal, subresource)) + queryText({ fieldManager })
      const contentType = 'application/merge-patch+json'
      return stored(await sendVerified(link, { method: 'PATCH', path, body: patch, contentType, signal }))
    },

    get: (kind, name, namespace, signal) =>
      unlessNotFound(async () => {
        const path = await pathOf(kind, name, namespace, signal)
        return stored(await sendForObjects(link, { method: 'GET', path, signal }, 'metadata'))
      }),

    list: async (kind, options) => {
      const { path, query } = await listPath(kind, options)
      const request = { method: 'GET' as const, path: path + queryText(query), signal: options.signal }
      const answer = (await knownKind(kind, sendForObjects(link, request, 'items'))) as {
        items?: readonly KubeObject[] | null
      }
      return (answer.items ?? []).map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }))
    },

    delete: async (kind, name, namespace, { signal, ...options }) => {
      const deleted = await unlessNotFound(async () => {
        const path = await pathOf(kind, name, namespace, signal)
        const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options }
        return sendVerified(link, { method: 'DELETE', path, body, signal })
      })
      return deleted !== undefined
    },

    waitFor: async (kind, selector, done, options) => {
      const { path, query } = await listPath(kind, { ...selector, signal: options.signal })
      return knownKind(kind, waitForObjects(link, path, query, kind, done, options))
    },

    raw: async (path, signal, request = { method: 'GET' as const }) => {
      const { status, body, date } = await sendRaw(link, { ...request, path, signal })
      return { status, body, ...(date !== undefined && { date: Date.parse(date) }) }
    },

    canI: async (access, signal) => {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: access },
      }
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
      const review = stored(await sendForObjects(link, { method: 'POST', path, body, signal }, 'status'))
      return review.status?.allowed === true
    },

    exec: (pod, argv, options) => execInPod(link, pod, argv, options),
    terminal: (pod, argv, streams, signal) => openTerminal(link, pod, argv, streams, signal),
    forward: (pod, port, signal) => forwardToPod(link, pod, port, signal),
    openStream: (path, options, signal) => openByteStream(link, path, options, signal),
    close: () => {
      link.close()
    },
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof KnestError && error.code === 'not-found'
}

async function unlessNotFound<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Server-side apply refuses objects that carry the record of earlier applies. */
function appliable(object: KubeObject): KubeObject {
  const metadata = Object.entries(object.metadata).filter(([field]) => field !== 'managedFields')
  return { ...object, metadata: Object.fromEntries(metadata) as unknown as KubeObject['metadata'] }
}
