import { KnestError } from '../errors.js'
import { isSaidByApi, parseStatus, serverText } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import { send, sendJson, type RestRequest } from './rest.js'

const verified = new WeakSet<ApiLink>()

/**
 * The answer's JSON, as `sendJson` gives it. A server that knows nothing of what it is asked for is asked who it is:
 * what a Kubernetes API does not have is `not-found`, while a captive portal, an ingress or a proxy that answers in its
 * place is `host-unreachable`, and says nothing of what is there.
 */
export async function sendVerified(link: ApiLink, request: RestRequest): Promise<unknown> {
  try {
    return await sendJson(link, request)
  } catch (error) {
    const isAbsent = error instanceof KnestError && error.code === 'not-found'
    if (isAbsent && !isSaidByApi(error)) await requireKubernetes(link, request.signal)
    throw error
  }
}

/** What has the field that it must have, as a list its `items`. Throws `host-unreachable` for JSON that has not. */
export async function sendForObjects(
  link: ApiLink,
  request: RestRequest,
  field: 'metadata' | 'items' | 'status',
): Promise<object> {
  const answer = await sendVerified(link, request)
  const isObject = typeof answer === 'object' && answer !== null
  // A Status has metadata, too.
  if (isObject && field in answer && !('kind' in answer && answer.kind === 'Status')) return answer
  throw noKubernetes(
    link,
    `answered ${request.method} ${request.path.split('?')[0] ?? ''} with no object of Kubernetes`,
  )
}

async function requireKubernetes(link: ApiLink, signal: AbortSignal): Promise<void> {
  if (verified.has(link)) return
  for (const path of ['/version', '/api']) {
    const { body } = await send(link, { method: 'GET', path, signal })
    if (!isOfKubernetes(body)) continue
    verified.add(link)
    return
  }
  throw noKubernetes(link, 'answers, and is no Kubernetes API')
}

/** Its version, the versions of its API, or a refusal in its own form. */
function isOfKubernetes(body: string): boolean {
  if (parseStatus(body) !== undefined) return true
  try {
    const value: unknown = JSON.parse(body)
    return (
      typeof value === 'object' &&
      value !== null &&
      ('gitVersion' in value || ('kind' in value && value.kind === 'APIVersions'))
    )
  } catch {
    return false
  }
}

function noKubernetes({ description, server }: ApiLink, what: string): KnestError {
  return new KnestError('host-unreachable', `${description}: ${serverText(server)} ${what}`, {
    hint: 'check the server of the kubeconfig, and what answers in its place: the login page of a network, a proxy, an ingress',
  })
}
