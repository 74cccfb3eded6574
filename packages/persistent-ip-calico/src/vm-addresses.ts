import type { KubeApi, KubeObject } from '@knest/core'
import { getOrUndefined } from './kinds.js'

interface Crd {
  readonly versions?: readonly {
    readonly schema?: {
      readonly openAPIV3Schema?: {
        readonly properties?: { readonly spec?: { readonly properties?: Readonly<Record<string, unknown>> } }
      }
    }
  }[]
}

const setting = 'kubeVirtVMAddressPersistence'

/** True from Calico 3.32 on, unless it was turned off: a VM keeps its address with nothing asked for. */
export async function keepsVmAddresses(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  const [crd, config] = await Promise.all([
    getOrUndefined(
      api,
      { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      'ipamconfigs.crd.projectcalico.org',
      undefined,
      signal,
    ),
    getOrUndefined(
      api,
      { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPAMConfig' },
      'default',
      undefined,
      signal,
    ),
  ])
  return knowsSetting(crd) && (config?.spec as Record<string, unknown> | undefined)?.[setting] !== 'Disabled'
}

function knowsSetting(object: KubeObject | undefined): boolean {
  const { versions = [] } = (object?.spec ?? {}) as Crd
  return versions.some(
    ({ schema }) => schema?.openAPIV3Schema?.properties?.spec?.properties?.[setting] !== undefined,
  )
}
