import { KnestError } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'

const dayMs = 24 * 60 * 60_000

/** Shows what there is of a kind after each change, until the signal ends it or the watch is refused. */
export async function watchForever(
  api: Pick<KubeApi, 'waitFor'>,
  kind: KindRef,
  selector: Parameters<KubeApi['waitFor']>[1],
  signal: AbortSignal,
  onChange: (objects: readonly KubeObject[]) => void,
): Promise<void> {
  const seen = (objects: readonly KubeObject[]): false => {
    onChange(objects)
    return false
  }
  for (;;) {
    try {
      await api.waitFor(kind, selector, seen, {
        timeoutMs: dayMs,
        signal,
        awaited: 'changes',
        describe: () => '',
      })
    } catch (error) {
      if (signal.aborted || !(error instanceof KnestError) || error.code !== 'timeout') throw error
    }
  }
}
