import http from 'node:http'
import https from 'node:https'
import { KnestError } from '../errors.js'
import { answerError, connectionError, noAnswerError } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import type { Credentials } from './credentials/credentials.js'
import { distrustKept, SilentConnection } from './kept-connection.js'
import { isLostConnection } from './temporary.js'
import { parseInt64 } from '../values/index.js'
import {
  beforeWrite,
  endedWith,
  onAbort,
  openDeadline,
  pause,
  seconds,
  unlessAborted,
  type Deadline,
} from '../signals.js'
import { hostOf } from '../url-host.js'

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path on the server, with the query. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  readonly contentType?: string | undefined
  /** Media types of the answer; JSON when absent. */
  readonly accept?: string | undefined
  readonly signal: AbortSignal
}

export interface RestAnswer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | undefined
  /** As the server's header `Date` has it. */
  readonly date: string | undefined
}

const mostAttempts = 3
const longestRetryAfterMs = 10_000
/** Before that a request that has no answer is none to speak of. */
const noticeableMs = 1_000

/**
 * Any answer, whatever its status. Asked again, at most twice, only when the server says it did not
 * take the request (429, or 503 with Retry-After), and for a GET when the connection failed or a kept one is
 * silent; once more
 * with other credentials, where a login or a file gives others than were refused (401).
 */
export async function send(
  link: ApiLink,
  request: RestRequest,
  timeoutMs = link.requestTimeoutMs,
): Promise<RestAnswer> {
  const credentials = await getCredentials(link, request.signal)
  const answer = await sendAs(link, request, credentials, timeoutMs)
  if (answer.status !== 401 || !(await renewed(link, credentials, request.signal))) return answer
  return sendAs(link, request, await getCredentials(link, request.signal), timeoutMs)
}

/** A login takes as long as it takes: no time limit but the caller's. */
function getCredentials(link: ApiLink, signal: AbortSignal): Promise<Credentials> {
  return unlessAborted(link.credentials.get(), signal)
}

function renewed(link: ApiLink, refused: Credentials, signal: AbortSignal): Promise<boolean> {
  return unlessAborted(link.credentials.renew(refused), signal)
}

async function sendAs(
  link: ApiLink,
  request: RestRequest,
  credentials: Credentials,
  timeoutMs: number,
): Promise<RestAnswer> {
  if (request.method !== 'GET') await beforeWrite(request.signal)
  const deadline = requestDeadline(link, request, timeoutMs)
  const began = performance.now()
  let lost: KnestError | undefined
  try {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= mostAttempts
      const mayRepeat = !last && request.method === 'GET'
      const answer = await exchange(link, request, credentials, deadline.signal, mayRepeat).catch(
        (error: unknown) => {
          const failure = connectionError(error, asked(link, request))
          if (!mayRepeat || !isLostConnection(error)) throw failure
          lost = failure
          return undefined
        },
      )
      const waitMs = answer === undefined ? attempt * 200 : retryAfterMs(answer)
      if (answer !== undefined && (waitMs === undefined || last)) return answer
      await pause(waitMs ?? 0, deadline.signal)
    }
  } catch (error) {
    if (!request.signal.aborted || error !== deadline.signal.reason) throw error
    // Whose own time is over must know that it was this server that did not answer.
    const waited = performance.now() - began
    const seen = lost?.message ?? (waited < noticeableMs ? undefined : noAnswer(link, request, waited))
    throw seen === undefined ? error : endedWith(request.signal, seen)
  } finally {
    deadline.clear()
  }
}

/** The answer's JSON. Every status but success is thrown as a KnestError. */
export async function sendJson(link: ApiLink, request: RestRequest): Promise<unknown> {
  const answer = await send(link, request)
  if (answer.status >= 300) throw answerError(answer.status, answer.body, asked(link, request))
  try {
    return JSON.parse(answer.body)
  } catch (error) {
    const message = `${link.description} answered ${request.method} ${request.path} with something else than JSON`
    throw new KnestError('host-unreachable', message, {
      cause: error,
      hint: 'is this a Kubernetes API server?',
    })
  }
}

/** A GET whose answer is read as it comes. The stream ends with the signal; one attempt, but for a silent kept connection. */
export async function openStream(
  link: ApiLink,
  path: string,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const credentials = await getCredentials(link, signal)
  const response = await openStreamAs(link, path, credentials, signal)
  if (response.statusCode === 200) return response
  const again =
    response.statusCode === 401 && (await renewed(link, credentials, signal))
      ? await openStreamAs(link, path, await getCredentials(link, signal), signal)
      : response
  if (again.statusCode === 200) return again
  const request: RestRequest = { method: 'GET', path, signal }
  throw answerError(again.statusCode ?? 0, again.body ?? '', asked(link, request))
}

/** With the body of a refusal. */
async function openStreamAs(
  link: ApiLink,
  path: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<http.IncomingMessage & { body?: string }> {
  const request: RestRequest = { method: 'GET', path, signal }
  const opening = requestDeadline(link, request, link.requestTimeoutMs)
  try {
    const response = await start(link, request, credentials, opening.signal, signal, true).catch(
      (error: unknown) => {
        if (opening.signal.aborted || !(error instanceof SilentConnection)) throw error
        return start(link, request, credentials, opening.signal, signal, false)
      },
    )
    return response.statusCode === 200
      ? response
      : Object.assign(response, { body: await readText(response) })
  } catch (error) {
    if (opening.signal.aborted) throw opening.signal.reason
    throw connectionError(error, asked(link, request))
  } finally {
    opening.clear()
  }
}

async function exchange(
  link: ApiLink,
  request: RestRequest,
  credentials: Credentials,
  signal: AbortSignal,
  mayRepeat: boolean,
): Promise<RestAnswer> {
  try {
    const response = await start(link, request, credentials, signal, signal, mayRepeat)
    const body = await readText(response)
    const { date, 'retry-after': retryAfter } = response.headers
    return { status: response.statusCode ?? 0, body, retryAfter, date }
  } catch (error) {
    // A destroyed request fails with a text of its own; the reason for it is what counts.
    if (signal.aborted) throw signal.reason
    throw error
  }
}

/**
 * Resolves when the answer's head is there: until then `opening` ends it, afterwards `life`. One that may be repeated
 * is rejected when a kept connection is silent.
 */
function start(
  link: ApiLink,
  request: RestRequest,
  credentials: Credentials,
  opening: AbortSignal,
  life: AbortSignal,
  mayRepeat: boolean,
): Promise<http.IncomingMessage> {
  const { server, passedOn } = link
  // As bytes: Node writes a text and the headers before it as UTF-8, and headers are bytes already.
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body))
  const client = server.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = client.request({
      ...credentials.tls,
      agent: link.agent,
      host: bareHost(server),
      port: server.port === '' ? undefined : server.port,
      method: request.method,
      path: (passedOn?.prefix ?? '') + server.pathname.replace(/\/$/, '') + request.path,
      headers: {
        ...credentials.headers,
        ...passedOn?.headers,
        accept: request.accept ?? 'application/json',
        'user-agent': 'knest',
        ...(body === undefined
          ? {}
          : {
              'content-type': request.contentType ?? 'application/json',
              'content-length': body.length,
            }),
      },
    })
    let answer: http.IncomingMessage | undefined
    const stop = (error: KnestError) => {
      if (answer === undefined) sent.destroy(error)
      // A complete answer has given its connection back already.
      else if (!answer.complete) sent.destroy()
    }
    const trust = mayRepeat ? distrustKept(link, sent) : () => undefined
    const forgetOpening = onAbort(opening, stop)
    const forgetLife = life === opening ? () => undefined : onAbort(life, stop)
    sent.once('response', (response) => {
      answer = response
      trust()
      // Its reader sees the error; without a reader it must not end the process.
      response.on('error', () => undefined)
      if (life !== opening) forgetOpening()
      resolve(response)
    })
    // Stays after the promise has settled: a late error has nowhere else to go.
    sent.on('error', reject)
    sent.once('close', () => {
      trust()
      forgetOpening()
      forgetLife()
    })
    // Tells of a dead link while nothing is sent, as in a watch: after 15 s and ten probes.
    sent.once('socket', (socket) => socket.setKeepAlive(true, 15_000))
    sent.end(body)
  })
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

/** Without the brackets of an IPv6 address. */
function bareHost(server: URL): string {
  return hostOf(server)
}

function requestDeadline(link: ApiLink, request: RestRequest, timeoutMs: number): Deadline {
  return openDeadline(request.signal, timeoutMs, () => {
    return noAnswerError(noAnswer(link, request, timeoutMs), 'check the API server and the network to it')
  })
}

function noAnswer(link: ApiLink, { method, path }: RestRequest, ms: number): string {
  return `${link.description} did not answer ${method} ${path.split('?')[0] ?? ''} within ${seconds(ms)}`
}

function asked(link: ApiLink, request: RestRequest) {
  return link.asked(`${request.method} ${request.path.split('?')[0] ?? ''}`)
}

function retryAfterMs(answer: RestAnswer): number | undefined {
  if (answer.status !== 429 && answer.status !== 503) return undefined
  // Go's client takes seconds only, no date.
  const given = parseInt64(answer.retryAfter ?? '')
  if (given === undefined || given < 0n) return answer.status === 429 ? 1000 : undefined
  return Math.min(Number(given) * 1000, longestRetryAfterMs)
}
