import { expect, test } from 'vitest'
import type { EtcdMemberHealth } from './health.js'
import { quorumRisk } from './quorum.js'

function members(...states: readonly ('up' | 'down' | 'learner')[]): readonly EtcdMemberHealth[] {
  return states.map((state, index) => ({
    id: String(index),
    name: `cp-${index}`,
    peerUrl: `https://10.0.0.${index}:2380`,
    learner: state === 'learner',
    healthy: state !== 'down',
    leader: index === 0,
    dbSizeBytes: undefined,
  }))
}

test.each([
  ['a healthy one of three', members('up', 'up', 'up'), 'cp-2'],
  ['the dead one of three', members('up', 'up', 'down'), 'cp-2'],
  ['a healthy one of two', members('up', 'up'), 'cp-1'],
  ['one of five while another is dead', members('up', 'up', 'up', 'up', 'down'), 'cp-1'],
])('%s may go', (_title, there, leaving) => {
  expect(quorumRisk(there, leaving)).toBeUndefined()
})

test('a healthy one of three stays while another is dead', () => {
  expect(quorumRisk(members('up', 'up', 'down'), 'cp-1')).toBe(
    'member "cp-2" does not answer, and 2 of the 2 that would stay are needed',
  )
})

test('nobody goes when most are dead, and the last one never', () => {
  expect(quorumRisk(members('up', 'down', 'down'), 'cp-2')).toContain('"cp-1"')
  expect(quorumRisk(members('up'), 'cp-0')).toContain('1 of the 0')
})

test('a learner is no help', () => {
  expect(quorumRisk(members('up', 'down', 'learner'), 'cp-0')).toContain('"cp-1" does not answer')
})
