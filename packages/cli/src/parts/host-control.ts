import { KnestError } from '@knest/core'
import type { HostControl } from '../deps.js'

/** The embedded host. TO BE WIRED: return what @knest/container-node makes. */
export function openHostControl(): Promise<HostControl> {
  return Promise.reject(
    new KnestError('prerequisite', 'the embedded host is not available yet in this version', {
      hint: 'use a host cluster you have: give it with --context',
    }),
  )
}
