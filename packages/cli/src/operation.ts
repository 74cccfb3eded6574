import type { ClusterRef, Clusters, Progress, RunOptions } from 'knest'
import type { Deps } from './deps.js'
import { findHost, type FoundHost } from './find-host.js'
import { progressStyle, type GlobalOptions } from './global-options.js'
import { interruptible, type Interruption } from './interrupt.js'
import { withinLimit, type TimeLimit } from './time-limit.js'

/** What it says offers commands, too. */
function wording(progress: Progress, { messages }: Pick<Deps, 'messages'>): Progress {
  return {
    phase: (title, work) => progress.phase(title, (inner) => work(wording(inner, { messages }))),
    note: (text) => progress.note(messages.worded(text)),
    warn: (text) => progress.warn(messages.worded(text)),
  }
}

type Left = Awaited<ReturnType<Interruption['describe']>>

/** Something that takes time: shows progress, can be interrupted, closes what it opened. */
export async function operate<T>(
  deps: Deps,
  options: GlobalOptions & TimeLimit,
  work: (run: RunOptions) => Promise<T>,
  leftovers: () => Promise<Left>,
): Promise<T> {
  const renderer = await deps.renderer(progressStyle(options, deps.streams.errIsTty))
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= renderer.close())
  try {
    return await interruptible(
      deps.interrupts,
      {
        onFirst: () => {
          const text = 'stopping; Ctrl-C again leaves at once'
          if (options.quiet === true) deps.messages.must('note', { text }, `${text}\n`)
          else renderer.announce(text)
        },
        describe: async () => {
          await close()
          return leftovers()
        },
      },
      (stop) =>
        withinLimit(options, stop, (signal) =>
          work({
            signal,
            progress: wording(renderer.progress, deps),
            timeoutMs: options.timeoutMs,
            isDefaultTimeout: options.isDefaultTimeout,
          }),
        ),
    )
  } finally {
    await close()
  }
}

/**
 * A question to the host: no progress, nothing left behind. `done`: what the command has changed before it, which
 * whoever interrupts it is told. `limit`: of the command that asks.
 */
export function ask<T>(
  deps: Deps,
  work: (signal: AbortSignal) => Promise<T>,
  done = 'nothing was changed',
  limit: Partial<TimeLimit> = {},
): Promise<T> {
  return interruptible(
    deps.interrupts,
    {
      onFirst: () => undefined,
      describe: () => Promise.resolve({ message: done, hint: undefined }),
    },
    (signal) => withinLimit(limit, signal, work),
  )
}

/** Which cluster is meant; throws `not-found`. */
export function findCluster(
  deps: Deps,
  clusters: Clusters,
  options: GlobalOptions & Partial<TimeLimit> & { readonly name: string },
): Promise<ClusterRef> {
  const { name, namespace } = options
  return ask(deps, (signal) => clusters.find(name, namespace, signal), undefined, options)
}

/** Opens the host for the time of `work`, which may ask how it was found. */
export async function withHost<T>(
  deps: Deps,
  options: GlobalOptions & Partial<TimeLimit>,
  work: (open: FoundHost['open'], found: FoundHost) => Promise<T>,
): Promise<T> {
  const found = await ask(deps, (signal) => findHost(deps, options, signal), undefined, options)
  deps.messages.hostFound(found.kubectl)
  try {
    return await work(found.open, found)
  } finally {
    found.open.close()
  }
}

/** The same for its clusters alone. */
export function withClusters<T>(
  deps: Deps,
  options: GlobalOptions,
  work: (clusters: Clusters) => Promise<T>,
): Promise<T> {
  return withHost(deps, options, ({ clusters }) => work(clusters))
}

/** Says where something new will be when it is not where kubectl would put it. */
export function sayHost(deps: Deps, { note }: FoundHost): void {
  if (note !== undefined) deps.messages.note(note)
}
