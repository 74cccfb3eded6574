import { createHostControl, type HostControl } from '@knest/container-node'
import { keptCrd, localPathObjects } from '@knest/core/manifests'
import { controllerImage } from './controller-image.js'

/** With a default StorageClass and the CRD in place. */
export function openEmbeddedHost(): HostControl {
  return createHostControl({
    objects: () => [keptCrd(), ...localPathObjects()],
    images: [controllerImage],
  })
}
