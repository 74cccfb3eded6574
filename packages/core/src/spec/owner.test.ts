import { expect, test } from 'vitest'
import type { ClusterPhase } from '../contracts/cluster.js'
import { ownerOf } from './owner.js'
import { resolveSpec } from './resolve.js'

const owner = { kind: 'Pod', name: 'job-1', uid: 'u' } as const

function record(deleteWith: Parameters<typeof resolveSpec>[0]['deleteWith'], phase: ClusterPhase = 'Ready') {
  return { namespace: 'team', phase, spec: resolveSpec({ deleteWith }) }
}

test.each([
  ['nothing', record(undefined), undefined],
  ['a pod beside it', record(owner), { ...owner, namespace: 'team' }],
  ['a pod of another namespace', record({ ...owner, namespace: 'ci' }), { ...owner, namespace: 'ci' }],
  ['one that is still made', record(owner, 'Creating'), { ...owner, namespace: 'team' }],
  ['data that was kept on purpose', record(owner, 'Kept'), undefined],
  ['what its object asks for by now', { ...record(owner), desiredSpec: resolveSpec({}) }, undefined],
])('%s', (_, of, expected) => {
  expect(ownerOf(of)).toEqual(expected)
})

test.each([
  [{ ...owner, name: 'No' }, 'deleteWith.name "No" is not a DNS name'],
  [{ ...owner, name: '../x' }, 'deleteWith.name "../x" is not a DNS name'],
  [{ ...owner, namespace: 'a/b' }, 'deleteWith.namespace "a/b" is not a DNS name'],
  [{ ...owner, uid: '' }, 'deleteWith.uid is empty'],
])('%j is refused', (deleteWith, message) => {
  expect(() => resolveSpec({ deleteWith })).toThrow(message)
})
