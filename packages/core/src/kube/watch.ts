import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { connectionError, statusError, type ApiStatus } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import { endedBy, openDeadline, pause } from '../signals.js'
import { isTemporary } from './temporary.js'
import { queryText } from './resources.js'
import { openStream } from './rest.js'
import { believed, sendForObjects } from './verified.js'

/** What to watch: the path of the list, and its selectors. */
export interface Watched {
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** The server is away or has forgotten our place (error), or is back (undefined). */
  onInterruption(error: KnestError | undefined): void
}

// The server ends a watch after this time; who hears nothing for longer has lost it.
const watchSeconds = 300
const watchGraceMs = 30_000

const firstPauseMs = 100
const longestPauseMs = 5_000
const steadyMs = 10_000

interface Position {
  readonly objects: Map<string, KubeObject>
  version: string
}

/**
 * The objects after the first list and after every change, until the signal ends it. The first list
 * must succeed; afterwards a lost connection, an outdated version (410) or a failing server leads to
 * a new list after a short pause. What the caller may not do is thrown.
 */
export async function* watchObjects(
  link: ApiLink,
  watched: Watched,
): AsyncGenerator<readonly KubeObject[], never> {
  let position: Position | undefined = await list(link, watched)
  yield [...position.objects.values()]
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const since = performance.now()
    try {
      if (position === undefined) {
        position = await list(link, watched)
        watched.onInterruption(undefined)
        yield [...position.objects.values()]
      }
      for await (const event of follow(link, watched, position.version)) {
        if (take(position, event)) yield [...position.objects.values()]
      }
    } catch (error) {
      if (watched.signal.aborted) throw endedBy(watched.signal)
      if (!isTemporary(error)) throw error
      position = undefined
      watched.onInterruption(error as KnestError)
    }
    if (performance.now() - since > steadyMs) pauseMs = firstPauseMs
    await pause(pauseMs, watched.signal)
  }
}

async function list(link: ApiLink, { path, query, signal }: Watched): Promise<Position> {
  const request = { method: 'GET' as const, path: withQuery(path, query), signal }
  const answer = (await sendForObjects(link, request, 'items')) as {
    readonly metadata?: { readonly resourceVersion?: string }
    readonly items?: readonly KubeObject[] | null
  }
  const objects = new Map((answer.items ?? []).map((object) => [keyOf(object), object]))
  return { objects, version: answer.metadata?.resourceVersion ?? '' }
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubeObject
}

/** The changes since a version. Ends when the server ends the watch; every error is a KnestError. */
async function* follow(link: ApiLink, watched: Watched, version: string): AsyncGenerator<WatchEvent, void> {
  const asked = link.asked(`watch of ${watched.path}`)
  const path = withQuery(watched.path, {
    ...watched.query,
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchSeconds),
    resourceVersion: version,
  })
  const limit = openDeadline(watched.signal, watchSeconds * 1000 + watchGraceMs, () => {
    return new KnestError('host-unreachable', `${link.description} has stopped answering a watch`)
  })
  try {
    const stream = await believed(link, { path, signal: limit.signal }, () =>
      openStream(link, path, limit.signal),
    )
    const lines = splitLines(stream)
    for (;;) {
      const line = await lines.next().catch((error: unknown) => {
        throw limit.signal.aborted ? endedBy(limit.signal) : connectionError(error, asked)
      })
      if (line.done === true) return
      const event = JSON.parse(line.value) as { readonly type: string; readonly object: unknown }
      if (event.type === 'ERROR') throw statusError(event.object as ApiStatus, asked)
      yield event as WatchEvent
    }
  } finally {
    // Ends the request as well, when the reader stops in the middle.
    limit.stop()
  }
}

/** True when the set of objects has changed. */
function take(position: Position, event: WatchEvent): boolean {
  position.version = event.object.metadata.resourceVersion ?? position.version
  if (event.type === 'BOOKMARK') return false
  if (event.type === 'DELETED') position.objects.delete(keyOf(event.object))
  else position.objects.set(keyOf(event.object), event.object)
  return true
}

/** Whole lines only: what comes after the last line break was cut off. */
async function* splitLines(stream: Readable): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const piece of stream) {
    const parts = (rest + decoder.write(piece as Buffer)).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part.trim() !== '') yield part
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  return path + queryText(query)
}
