import { setTimeout as delay } from 'node:timers/promises'

const settleMs = 20_000

/** A cluster just created is still busy; what is measured of one that runs begins when it has come to rest. */
export function settle(): Promise<void> {
  return delay(settleMs)
}
