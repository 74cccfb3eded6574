import { KnestError, type ErrorCode } from '../errors.js'
import { causeCode, isUnanswered } from './api-errors.js'

/**
 * Whether an error may be gone when the same is asked again: the server is not there yet or goes away (connection
 * refused or cut, no answer in time), is too busy (429) or has a fault of its own (5xx, a webhook that is down). The
 * one place that decides it for requests to an API.
 */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof KnestError) || !temporaryCodes.has(error.code)) return false
  const code = causeCode(error.cause)
  return code === undefined || !isPermanent(code)
}

/** Whether it is a server that was away or gave no answer, and not something that took too long there. */
export function isOutage(error: unknown): error is KnestError {
  return isTemporary(error) && ((error as KnestError).code !== 'timeout' || isUnanswered(error as KnestError))
}

/** Whether a request came to nothing because its connection did: one that changes nothing may be sent again at once. */
export function isLostConnection(error: unknown): boolean {
  return !(error instanceof KnestError) && lostConnections.has(causeCode(error) ?? '')
}

const temporaryCodes: ReadonlySet<ErrorCode> = new Set(['host-unreachable', 'timeout'])
const lostConnections = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN'])

/** Whom one reaches is not who is meant, or nobody is: asking again gives the same. */
function isPermanent(code: string): boolean {
  return (
    /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_)/.test(code) ||
    ['ENOTFOUND', 'EPROTO', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'].includes(code)
  )
}
