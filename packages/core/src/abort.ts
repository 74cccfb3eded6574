import { setMaxListeners } from 'node:events'

/** Aborts when any of them does. Many waits listen to it at once, which is no leak. */
export function anySignal(...signals: readonly AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any([...signals])
  setMaxListeners(0, signal, ...signals)
  return signal
}
