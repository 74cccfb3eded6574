import { expect, test } from 'vitest'
import { mergePatch } from '../backend-support/merge-patch.js'
import { madeSpecPatch } from './made-spec.js'

test.each([
  ['nothing was there', undefined, { workers: [{ count: 1 }], health: { a: 1 } }],
  ['a field goes', { health: { a: 1, b: 2 }, vmImage: 'x' }, { health: { a: 1 } }],
  ['a group goes', { health: { a: 1 } }, { workers: [] }],
  ['a list is another', { workers: [{ name: 'a', count: 1 }] }, { workers: [{ name: 'b' }] }],
])('is what is asked for and nothing else: %s', (_, before, spec) => {
  const stored = { apiVersion: 'v1', kind: 'K', metadata: { name: 'a' }, status: { spec: before } }
  const patch = madeSpecPatch(stored, { ...spec, replicas: 3 })
  expect(mergePatch(before ?? {}, patch)).toEqual(spec)
})
