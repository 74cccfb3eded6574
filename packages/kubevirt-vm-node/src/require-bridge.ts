import { KnestError } from '@knest/core'
import type { KubeObject } from '@knest/core'

interface Interface {
  readonly name: string
  readonly [binding: string]: unknown
}

/**
 * Gives the VM back when the pod network is bridged into it. With masquerade all VMs have the address
 * 10.0.2.2, and no kubelet, etcd or overlay of another node can find this one by it.
 */
export function requireBridge(vm: KubeObject): KubeObject {
  const template = vm.spec?.template?.spec as
    | {
        readonly networks?: readonly { readonly name: string; readonly pod?: object }[]
        readonly domain?: { readonly devices?: { readonly interfaces?: readonly Interface[] } }
      }
    | undefined
  const network = template?.networks?.find(({ pod }) => pod !== undefined)?.name
  const found = template?.domain?.devices?.interfaces?.find(({ name }) => name === network)
  if (found?.bridge !== undefined) return vm
  const masquerade = found?.masquerade !== undefined
  const asked = masquerade ? 'masquerade on' : 'no bridge to'
  throw new KnestError('config', `a patch gives VM nodes ${asked} the pod network`, {
    hint: masquerade
      ? 'masquerade gives every VM the same address, and nodes could not find each other; leave it out'
      : 'keep the interface with `bridge: {}`: nested nodes use the address of their pod',
  })
}
