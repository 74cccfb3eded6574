import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createFakeKubeApi } from '@knest/testing'
import type { KubeApi, KubeObject } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { keepsVmAddresses } from './vm-addresses.js'

const crdKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const configKind = { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPAMConfig' }
const { signal } = new AbortController()

async function host(properties: object, spec?: object): Promise<KubeApi> {
  const api = createFakeKubeApi([crdKind, configKind])
  const name = 'ipamconfigs.crd.projectcalico.org'
  const openAPIV3Schema = { properties: { spec: { properties } } }
  const crd: KubeObject = {
    ...crdKind,
    metadata: { name },
    spec: { versions: [{ schema: { openAPIV3Schema } }] },
  }
  await api.create(crd, { signal })
  if (spec !== undefined) await api.create({ ...configKind, metadata: { name: 'default' }, spec }, { signal })
  return api
}

describe('addresses of VMs', () => {
  const modern = { kubeVirtVMAddressPersistence: {} }

  it('are kept by Calico that knows the setting, unless it is off', async () => {
    expect(await keepsVmAddresses(await host(modern), signal)).toBe(true)
    expect(await keepsVmAddresses(await host(modern, {}), signal)).toBe(true)
    const off = { kubeVirtVMAddressPersistence: 'Disabled' }
    expect(await keepsVmAddresses(await host(modern, off), signal)).toBe(false)
  })

  it('are not kept by older Calico, nor by none', async () => {
    expect(await keepsVmAddresses(await host({ strictAffinity: {} }), signal)).toBe(false)
    expect(await keepsVmAddresses(createFakeKubeApi([]), signal)).toBe(false)
  })

  const folder = fileURLToPath(new URL('../../../../shared/data/crds/calico/', import.meta.url))
  const isThere = existsSync(folder)
  if (!isThere) console.log("skipped: Calico's CRDs are not beside the project (shared/data/crds/calico)")
  it.skipIf(!isThere)("know the setting by the name that Calico's own CRD has", () => {
    expect(readFileSync(`${folder}ipamconfigs.yaml`, 'utf8')).toContain('kubeVirtVMAddressPersistence:')
  })
})
