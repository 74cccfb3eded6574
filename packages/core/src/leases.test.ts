import { expect, test } from 'vitest'
import { keepsAddress } from './addresses/index.js'
import { decideLeases } from './leases.js'
import { fakeRecord } from './status/fake-parts.js'

const { spec } = fakeRecord({ persistence: { enabled: true } })

test('a host that keeps addresses by itself is recorded, so that status can tell', () => {
  const decided = decideLeases(spec, 'Kube-OVN')
  expect(decided.statement).toContain('the same address again')
  expect(decided.spec.persistence).toEqual({ enabled: true, hostClusterCni: 'kube-ovn' })
  expect(keepsAddress(decided.spec.persistence, 'pod')).toBe(true)
})

test('where addresses may change nothing is recorded', () => {
  for (const cni of ['Calico', 'flannel', undefined]) {
    const decided = decideLeases(spec, cni)
    expect(decided.spec).toBe(spec)
    expect(keepsAddress(decided.spec.persistence, 'pod')).toBe(false)
  }
})
