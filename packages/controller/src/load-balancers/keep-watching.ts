import type { KindRef, KubeApi, KubeObject } from '@knest/core'

const dayMs = 24 * 60 * 60_000
/** Where it cannot be watched. */
const againMs = 10_000

export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>

/** Shows what there is of a kind after each change, over everything that fails, until the signal ends it. Never rejects. */
export async function keepWatching(
  api: Pick<KubeApi, 'waitFor'>,
  kind: KindRef,
  selector: Parameters<KubeApi['waitFor']>[1],
  { pause, signal }: { readonly pause: Pause; readonly signal: AbortSignal },
  onChange: (objects: readonly KubeObject[]) => void,
): Promise<void> {
  const seen = (objects: readonly KubeObject[]): false => {
    onChange(objects)
    return false
  }
  while (!signal.aborted) {
    try {
      await api.waitFor(kind, selector, seen, {
        ...{ timeoutMs: dayMs, signal, awaited: 'changes', describe: () => '' },
      })
    } catch {
      await pause(againMs, signal).catch(() => undefined)
    }
  }
}
