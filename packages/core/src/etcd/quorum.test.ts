import { expect, test } from 'vitest'
import type { EtcdMemberHealth } from './health.js'
import { lossRisk, quorumRisk } from './quorum.js'

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

test.each([
  ['a healthy one of three', members('up', 'up', 'up'), 'cp-2'],
  ['the dead one of three', members('up', 'up', 'down'), 'cp-2'],
  ['one that is no member', members('up', 'down', 'down'), 'cp-7'],
  ['a learner', members('up', 'down', 'learner'), 'cp-2'],
  ['a dead one of five while another is dead', members('up', 'up', 'up', 'down', 'down'), 'cp-4'],
])('the node of %s may be lost', (_title, there, gone) => {
  expect(lossRisk(there, gone)).toBeUndefined()
})

test.each([
  ['a healthy one of three while another is dead', members('up', 'up', 'down'), 'cp-0', '1 of 3'],
  ['a healthy one of two', members('up', 'up'), 'cp-1', '1 of 2'],
  ['the only one', members('up'), 'cp-0', '0 of 1'],
  ['a dead one without whose disk nobody has quorum', members('up', 'down', 'down'), 'cp-2', '1 of 3'],
])('the node of %s may not be lost', (_title, there, gone, said) => {
  expect(lossRisk(there, gone)).toContain(`without its etcd member ${said} would answer`)
})
