import { KnestError } from '../errors.js'
import { endedWith, pause } from '../signals.js'
import { isUnanswered, serverText } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import { send } from './rest.js'
import { isTemporary } from './temporary.js'

/** Until when a server that said so is taken to be ready, by `performance.now()`. */
const readyUntil = new WeakMap<ApiLink, number>()
const readyMs = 2_000
/** Longer than a busy server takes to say that it is alive. */
const questionMs = 5_000
const pauseMs = 250
/** Longer than an API server that has its data takes to load the rights of all. */
const startingMs = 30_000

/**
 * Whether the server that has just forbidden something was being started: until it has loaded everybody's rights it forbids
 * everything. One question decides; a server that was not ready is waited for, so that it can be asked again. Throws
 * `host-unreachable` when it does not become ready.
 */
export async function wasStarting(link: ApiLink, signal: AbortSignal): Promise<boolean> {
  if (performance.now() < (readyUntil.get(link) ?? 0)) return false
  if (!(await isStarting(link, signal))) {
    readyUntil.set(link, performance.now() + readyMs)
    return false
  }
  const until = performance.now() + startingMs
  const error = notReady(link)
  while (performance.now() < until) {
    await pause(pauseMs, signal).catch(() => {
      throw endedWith(signal, error.message)
    })
    if (!(await isStarting(link, signal).catch(stillAway))) return true
  }
  throw error
}

/** Anybody may ask a server so, before its rights are loaded too. One that does not say is taken at its word. */
async function isStarting(link: ApiLink, signal: AbortSignal): Promise<boolean> {
  try {
    const { status } = await send(link, { method: 'GET', path: '/readyz', signal }, questionMs)
    return status >= 500
  } catch (error) {
    if (!signal.aborted && error instanceof KnestError && isUnanswered(error)) return false
    throw error
  }
}

function stillAway(error: unknown): boolean {
  if (isTemporary(error)) return true
  throw error
}

function notReady({ description, server }: ApiLink): KnestError {
  return new KnestError(
    'host-unreachable',
    `${description}: ${serverText(server)} is being started, and knows nobody's rights yet`,
    { hint: `run the command again when ${serverText(server)}/readyz says ok` },
  )
}
