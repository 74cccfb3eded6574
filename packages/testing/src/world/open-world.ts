import type { KubeApi } from '@knest/core'
import type { Duplex } from 'node:stream'
import type { GuestKeys } from './guests.js'
import type { Extra } from './host-kinds.js'
import { World } from './world.js'

export interface OpenWorld {
  readonly world: World
  /** The host's API. */
  readonly api: KubeApi
  /** Has others be the SSH server of guests. */
  readonly serveGuests: (serve: (stream: Duplex, keys: GuestKeys) => void) => void
  readonly close: () => Promise<void>
}

/** For contract suites: a world whose time passes as fast as it can, beside the time of this process. */
export function openWorld(...extras: Extra[]): OpenWorld {
  const world = new World(1, [], new Set(extras))
  let isOver = false
  const pump = async (): Promise<void> => {
    while (!isOver) await world.clock.run(() => isOver, world.clock.now + 10)
  }
  const running = pump()
  return {
    world,
    api: world.start('contract', 'contract').api,
    serveGuests: (serve) => {
      if (world.vms !== undefined) world.vms.portforward.serve = serve
    },
    close: () => {
      isOver = true
      return running
    },
  }
}
