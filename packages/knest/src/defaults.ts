import { defaultNamespace, silentProgress } from '@knest/core/contracts'
import type { ClusterRef, RunOptions } from '@knest/core/contracts'

const minute = 60_000

/** A cluster by its name, in its own namespace `knest-NAME` unless another is given. */
export function clusterRef(name: string, namespace: string = defaultNamespace(name)): ClusterRef {
  return { name, namespace }
}

/** What the command does without flags: at most 15 minutes. It shows nothing and is never aborted. */
export function runOptions(options: Partial<RunOptions> = {}): RunOptions {
  return {
    signal: new AbortController().signal,
    progress: silentProgress,
    timeoutMs: 15 * minute,
    isDefaultTimeout: options.timeoutMs === undefined,
    ...options,
  }
}
