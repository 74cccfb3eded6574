import type { RunOptions } from 'knest'
import type { Deps, OpenClusters } from '../../deps.js'
import type { GlobalOptions } from '../../global-options.js'
import { operate, withHost } from '../../operation.js'
import type { TimeLimit } from '../../time-limit.js'

export interface HostChange {
  readonly work: (open: OpenClusters, run: RunOptions) => Promise<void>
  /** What may be there when the user leaves before the end. */
  readonly interrupted: string
  readonly done: (host: string) => string
}

/** Changes what the host cluster has. */
export async function onHost(
  deps: Deps,
  options: GlobalOptions & TimeLimit,
  { work, interrupted, done }: HostChange,
): Promise<void> {
  await withHost(deps, options, async (open) => {
    await operate(
      deps,
      options,
      (run) => work(open, run),
      () => Promise.resolve({ message: interrupted, hint: 'run the same command again' }),
    )
    deps.streams.out(`${done(open.description)}\n`)
  })
}
