import { KnestError } from '../errors.js'
import { isSaidByApi, parseStatus, serverText } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import { wasStarting } from './readiness.js'
import { isBuiltIn } from './resources.js'
import { send, sendJson, type RestAnswer, type RestRequest } from './rest.js'

const verified = new WeakSet<ApiLink>()
/** Until when a server that serves its own groups is taken to do so, by `performance.now()`. */
const servingUntil = new WeakMap<ApiLink, number>()
const servingMs = 2_000

/** The answer's JSON, as `sendJson` gives it, of a server that is one to believe: see `believed`. */
export function sendVerified(link: ApiLink, request: RestRequest): Promise<unknown> {
  return believed(link, request, () => sendJson(link, request))
}

/** Any answer but that of a server that is not one to believe: see `believed`. */
export async function sendRaw(link: ApiLink, request: RestRequest): Promise<RestAnswer> {
  const answer = await send(link, request)
  if (!/^\/apis?(\/|$)/.test(pathOf(request))) return answer
  const isSaid = parseStatus(answer.body) !== undefined
  if (answer.status === 404 && !isSaid) await requireServing(link, request)
  if (answer.status === 403 && isSaid && (await wasStarting(link, request.signal))) return send(link, request)
  return answer
}

/**
 * What `work` gives. A server that says, in no form of the API, that it does not have what it is asked for is asked who
 * it is: what a Kubernetes API does not have is `not-found`, while a captive portal, an ingress or a proxy that answers
 * in its place is `host-unreachable`, and says nothing of what is there. So is an API server that is being started, and
 * has none of the groups yet that each of them has. What it forbids by then is asked once more when it is ready.
 */
export async function believed<T>(link: ApiLink, request: Asked, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    const isSaid = isSaidByApi(error)
    if (error.code === 'not-found' && !isSaid) await requireServing(link, request)
    // What is forbidden has changed nothing.
    if (error.code === 'not-permitted' && isSaid && (await wasStarting(link, request.signal))) return work()
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
  throw noKubernetes(link, `answered ${request.method} ${pathOf(request)} with no object of Kubernetes`)
}

type Asked = Pick<RestRequest, 'path' | 'signal'>

async function requireServing(link: ApiLink, request: Asked): Promise<void> {
  await requireKubernetes(link, request.signal)
  if (!isBuiltIn(pathOf(request)) && (await servesCore(link, request.signal))) return
  throw new KnestError(
    'host-unreachable',
    `${link.description}: ${serverText(link.server)} does not serve ${pathOf(request)} now, as an API server that is being started`,
    { hint: 'run the command again when it has started' },
  )
}

async function servesCore(link: ApiLink, signal: AbortSignal): Promise<boolean> {
  if (performance.now() < (servingUntil.get(link) ?? 0)) return true
  const { status } = await send(link, { method: 'GET', path: '/api/v1', signal })
  if (status === 404 || status >= 500) return false
  servingUntil.set(link, performance.now() + servingMs)
  return true
}

function pathOf({ path }: Pick<RestRequest, 'path'>): string {
  return path.split('?')[0] ?? ''
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
