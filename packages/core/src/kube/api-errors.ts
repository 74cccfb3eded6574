import { KnestError, type ErrorCode } from '../errors.js'

/** What an API server says about a request that failed (or a command that ended). */
export interface ApiStatus {
  readonly status?: string
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[]
    readonly retryAfterSeconds?: number
  }
}

/** Who was asked and for what; for messages only. */
export interface Asked {
  /** As in `context "kind-dev"`. */
  readonly description: string
  readonly server: URL
  /** As in `GET /api/v1/pods`. */
  readonly request: string
}

/** Undefined when the text is not a Status object. */
export function parseStatus(text: string): ApiStatus | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status') {
      return value as ApiStatus
    }
  } catch {
    // Proxies and plain handlers answer with text or HTML.
  }
  return undefined
}

const ofStatus = new WeakSet<KnestError>()

/** Turns an answer other than success into the error to throw. */
export function answerError(code: number, body: string, asked: Asked): KnestError {
  const status = parseStatus(body)
  const said = status?.message ?? plainText(body)
  const error = statusError({ ...status, code, ...(said === undefined ? {} : { message: said }) }, asked)
  if (status !== undefined) ofStatus.add(error)
  return error
}

/** Whether an API said so in its own form; others say such things in text or HTML. */
export function isSaidByApi(error: KnestError): boolean {
  return ofStatus.has(error)
}

const unanswered = new WeakSet<KnestError>()

/** A `timeout` of a request that a server did not answer; of other waits it says nothing. */
export function noAnswerError(message: string, hint: string): KnestError {
  const error = new KnestError('timeout', message, { hint })
  unanswered.add(error)
  return error
}

export function isUnanswered(error: KnestError): boolean {
  return unanswered.has(error)
}

/** The one table from the API's answers to error codes. */
export function statusError(status: ApiStatus, asked: Asked): KnestError {
  const code = status.code ?? 500
  const said = status.message ?? `${asked.request} was answered with ${code}`
  const from = `${asked.description}: `
  switch (code) {
    case 401:
      return fail('not-permitted', `${asked.description} does not accept these credentials`, renewHint)
    case 403:
      if (hasCause(status, 'NamespaceTerminating')) {
        return fail('conflict', from + said, 'wait until the namespace is gone, then run the command again')
      }
      return fail(
        'not-permitted',
        from + said,
        `ask for this right, or choose ${said.includes(' in the namespace "') ? 'another namespace with -n, or ' : ''}another context with --context`,
      )
    case 404:
      return fail('not-found', from + said)
    case 408:
    case 504:
      return noAnswerError(from + said, 'the API server is slow now; run the command again')
    case 409:
      if (status.reason === 'AlreadyExists') return fail('already-exists', from + said)
      return fail('conflict', from + said, 'somebody else changed it; run the command again')
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422:
      return fail('config', from + said)
    case 429:
      return fail('host-unreachable', `${from}the API server is too busy`, 'run the command again later')
    default:
      // Asking again gives the same, until somebody makes room.
      if (said.includes('database space exceeded'))
        return fail('prerequisite', `${from}its etcd is full: ${said}`, fullHint)
      if (/failed (to call|calling) webhook/.test(said))
        return fail('host-unreachable', from + said, webhookHint)
      return fail('host-unreachable', `${from}the API server answered ${code}: ${said}`, readyHint(asked))
  }
}

/** The connection was not made or was lost. */
export function connectionError(error: unknown, asked: Asked): KnestError {
  if (error instanceof KnestError) return error
  const message = `${asked.description} cannot be reached at ${serverText(asked.server)}: ${causeInWords(error)}`
  return new KnestError('host-unreachable', message, { cause: error, hint: readyHint(asked) })
}

/** Scheme, host, port and path; never the user part of a URL. */
export function serverText(server: URL): string {
  return `${server.protocol}//${server.host}${server.pathname === '/' ? '' : server.pathname}`
}

/** `ECONNREFUSED` and the like; undefined when there is none. */
export function causeCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'cause' in error ? causeCode(error.cause) : undefined
}

const renewHint = 'log in again, or renew the credentials in the kubeconfig'

const fullHint =
  'delete what fills it; the status of a nested cluster names the command that gives the room back then'
const webhookHint =
  'nobody answers for that webhook of the cluster: bring its pods back, or delete its ValidatingWebhookConfiguration or MutatingWebhookConfiguration'

function readyHint(asked: Asked): string {
  return `check that the cluster runs and that this machine reaches ${serverText(asked.server)}/readyz`
}

function fail(code: ErrorCode, message: string, hint?: string): KnestError {
  return new KnestError(code, message, { hint })
}

function hasCause(status: ApiStatus, reason: string): boolean {
  return status.details?.causes?.some((cause) => cause.reason === reason) ?? false
}

function plainText(body: string): string | undefined {
  const line = body.trim().split('\n')[0] ?? ''
  return line === '' || line.startsWith('<') || line.startsWith('{') ? undefined : line.slice(0, 200)
}

const unknownAuthority = 'its certificate is signed by an authority the kubeconfig does not name'

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
  ENOTFOUND: 'its name is unknown',
  EAI_AGAIN: 'its name cannot be looked up now',
  EPROTO: 'it does not speak TLS as expected',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names',
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
}

export function causeInWords(error: unknown): string {
  const code = causeCode(error)
  if (code !== undefined)
    return words[code] ?? (code.startsWith('ERR_SSL') ? 'the TLS handshake failed' : code)
  return error instanceof Error && error.message !== '' ? error.message : 'the connection failed'
}
