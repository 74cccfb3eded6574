import { createHostControl } from '@knest/container-node'
import { keptCrd, localPathObjects } from '@knest/core'
import { controllerImage } from '../controller-image.js'
import type { HostControl } from '../deps.js'

/** The embedded host, in containers of this machine: with a default StorageClass and the CRD in place. */
export function openHostControl(): Promise<HostControl> {
  return Promise.resolve(
    createHostControl({ objects: () => [keptCrd(), ...localPathObjects()], images: [controllerImage] }),
  )
}
