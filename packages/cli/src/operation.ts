import type { Clusters, RunOptions } from '@knest/core'
import type { Deps, OpenClusters } from './deps.js'
import { parseDuration } from './duration.js'
import { progressStyle, type GlobalOptions } from './global-options.js'
import { interruptible, type Interruption } from './interrupt.js'

/** Of a whole command. */
export type TimeLimit = Pick<RunOptions, 'timeoutMs' | 'lenient'>

/** By `--timeout`, else 15 minutes, and more where machines are emulated. */
export function timeLimit(flag: string | undefined): TimeLimit {
  if (flag === undefined) return { timeoutMs: 15 * 60_000, lenient: true }
  return { timeoutMs: parseDuration(flag, '--timeout'), lenient: false }
}

type Left = Awaited<ReturnType<Interruption['describe']>>

/** Something that takes time: shows progress, can be interrupted, closes what it opened. */
export async function operate<T>(
  deps: Deps,
  options: GlobalOptions & TimeLimit,
  work: (run: RunOptions) => Promise<T>,
  whatIsLeft: () => Promise<Left>,
): Promise<T> {
  const renderer = await deps.renderer(progressStyle(options, deps.streams.errIsTty))
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= renderer.close())
  try {
    return await interruptible(
      deps.interrupts,
      {
        onFirst: () => renderer.announce('stopping; Ctrl-C again leaves at once'),
        describe: async () => {
          await close()
          return whatIsLeft()
        },
      },
      (signal) =>
        work({ signal, progress: renderer.progress, timeoutMs: options.timeoutMs, lenient: options.lenient }),
    )
  } finally {
    await close()
  }
}

/** A question to the host: no progress, nothing left behind. */
export function ask<T>(deps: Deps, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return interruptible(
    deps.interrupts,
    {
      onFirst: () => undefined,
      describe: () => Promise.resolve({ message: 'nothing was changed', hint: undefined }),
    },
    work,
  )
}

/** Opens the host for the time of `work`. */
export async function withHost<T>(
  deps: Deps,
  options: GlobalOptions,
  work: (open: OpenClusters) => Promise<T>,
): Promise<T> {
  const open = await deps.openClusters({ context: options.context, kubeconfig: options.kubeconfig })
  try {
    return await work(open)
  } finally {
    open.close()
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
