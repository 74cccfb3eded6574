import type { KindRef, KubeApi, KubeObject } from '@knest/core'
import { watchForever } from '../watch-forever.js'

/** Where it cannot be watched: twice as long each time. An API that has just started refuses a moment. */
const firstAgainMs = 250
const longestAgainMs = 10_000

export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>

/** Shows what there is of a kind after each change, over everything that fails, until the signal ends it. Never rejects. */
export async function keepWatching(
  api: Pick<KubeApi, 'waitFor'>,
  kind: KindRef,
  selector: Parameters<KubeApi['waitFor']>[1],
  { pause, signal }: { readonly pause: Pause; readonly signal: AbortSignal },
  onChange: (objects: readonly KubeObject[]) => void,
): Promise<void> {
  let againMs = firstAgainMs
  const seen = (objects: readonly KubeObject[]): void => {
    againMs = firstAgainMs
    onChange(objects)
  }
  while (!signal.aborted) {
    try {
      await watchForever(api, kind, selector, signal, seen)
    } catch {
      await pause(againMs, signal).catch(() => undefined)
      againMs = Math.min(againMs * 2, longestAgainMs)
    }
  }
}
