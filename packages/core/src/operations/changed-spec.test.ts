import { expect, test } from 'vitest'
import type { ClusterSpec } from '../contracts/cluster.js'
import { fakeRecord } from '../status/fake-parts.js'
import { changedSpec, isAskedToChange } from './changed-spec.js'

const { spec } = fakeRecord()
const without: ClusterSpec = { ...spec, addons: { storage: 'none' } }
const having: ClusterSpec = { ...spec, addons: { storage: 'local-path' } }

test.each([
  ['says nothing of storage where there is none', without, spec, 'none'],
  ['says nothing of storage where there is one', having, spec, 'local-path'],
  ['names storage where there is none', without, having, 'local-path'],
  ['says nothing, and nothing was ever said', spec, spec, undefined],
])('a file that %s', (_, recorded, desired, storage) => {
  expect(changedSpec(fakeRecord({}, { spec: recorded }), desired).addons?.storage).toBe(storage)
})

test('a file says each time whether there are load balancers, and what it says is not taken for all add-ons', () => {
  const off: ClusterSpec = { ...spec, addons: { loadBalancers: 'none' } }
  expect(changedSpec(fakeRecord({}, { spec: having }), off).addons).toEqual({
    storage: 'local-path',
    loadBalancers: 'none',
  })
  const recorded: ClusterSpec = { ...spec, addons: { storage: 'local-path', loadBalancers: 'none' } }
  expect(changedSpec(fakeRecord({}, { spec: recorded }), spec).addons).toEqual({ storage: 'local-path' })
})

test('an object that no longer names its add-ons asks for no change', () => {
  expect(isAskedToChange(fakeRecord({}, { spec: without, desiredSpec: spec }))).toBe(false)
  expect(isAskedToChange(fakeRecord({}, { spec: without, desiredSpec: having }))).toBe(true)
})
