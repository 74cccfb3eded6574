import { expect, test } from 'vitest'
import { keepsAddress } from './index.js'
import { decideAddressKeeping } from './node-addresses.js'
import { fakeRecord } from '../status/fake-parts.js'

const { spec } = fakeRecord({ persistence: { enabled: true } })

test('a host that keeps addresses by itself is recorded, so that status can tell', () => {
  const decided = decideAddressKeeping(spec, 'Kube-OVN', false)
  expect(decided.statement).toContain('the same address again')
  expect(decided.spec.persistence).toEqual({ enabled: true, hostClusterCni: 'kube-ovn' })
  expect(keepsAddress(decided.spec.persistence, 'pod')).toBe(true)
})

test('where addresses may change nothing is recorded', () => {
  for (const cni of ['Calico', 'flannel', undefined]) {
    const decided = decideAddressKeeping(spec, cni, false)
    expect(decided.spec).toBe(spec)
    expect(keepsAddress(decided.spec.persistence, 'pod')).toBe(false)
  }
})

test('Calico that keeps the addresses of VMs is recorded when all nodes are VMs', () => {
  const vms: typeof spec = {
    ...spec,
    controlPlane: { ...spec.controlPlane, backend: 'vm' },
    workers: spec.workers.map((pool) => ({ ...pool, backend: 'vm' })),
  }
  const decided = decideAddressKeeping(vms, 'Calico', true)
  expect(decided.spec.persistence).toEqual({ enabled: true, hostClusterCni: 'calico' })
  expect(keepsAddress(decided.spec.persistence, 'vm')).toBe(true)
  expect(keepsAddress(decided.spec.persistence, 'pod')).toBe(false)
  expect(decideAddressKeeping(vms, 'Calico', false).spec).toBe(vms)
})
