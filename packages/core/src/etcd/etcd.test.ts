import { expect, test } from 'vitest'
import type { NodeHandle } from '../contracts/node-backend.js'
import { etcdHealth } from './health.js'
import { parseSize } from './make-room.js'
import { etcdMembers } from './members.js'

const list =
  '{"header":{"cluster_id":"9bae191b850b9ee8","member_id":"374ac64b941d1ee6","raft_term":2},"members":[' +
  '{"ID":"374ac64b941d1ee6","name":"q-cp-0","peerURLs":["https://10.107.185.29:2380"],"clientURLs":["https://10.107.185.29:2379"]},' +
  '{"ID":"8211f1d0f64f3269","name":"q-cp-1","peerURLs":["https://10.107.1.2:2380"],"clientURLs":["https://10.107.1.2:2379"]},' +
  '{"ID":"1","peerURLs":["https://10.107.1.3:2380"],"isLearner":true}]}'
const status =
  '[{"Endpoint":"https://10.107.185.29:2379","Status":{"header":{"cluster_id":11217931327813426920,"member_id":3984214848272408294,"revision":537,"raft_term":2},"version":"3.6.16","dbSize":1126400,"leader":3984214848272408294,"raftIndex":556,"raftTerm":2}}]'
const health =
  '[{"endpoint":"https://10.107.185.29:2379","health":true,"took":"9.1ms"},{"endpoint":"https://10.107.1.2:2379","health":false,"took":"4s","error":"context deadline exceeded"}]'

const { signal } = new AbortController()

function node(stdout: string, exitCode = 0, stderr = ''): NodeHandle {
  return {
    name: 'q-cp-0',
    role: 'control-plane',
    exec: () => Promise.reject(new Error('not here')),
    execText: () => Promise.resolve({ stdout, stderr, exitCode }),
    dial: () => Promise.reject(new Error('not here')),
  }
}

test('ids keep all their digits, in hex, decimal and with prefix', async () => {
  const text =
    '{"members":[{"ID":"a0b1","name":"x","peerURLs":[]},{"ID":9372538179322589801,"peerURLs":["p"]},{"ID":"c","name":"","peerURLs":["q"]}]}'
  expect(await etcdMembers(node(text), signal)).toEqual([
    { id: 'a0b1', name: 'x', peerUrl: '', learner: false },
    { id: '9372538179322589801', name: 'p', peerUrl: 'p', learner: false },
    { id: 'c', name: 'q', peerUrl: 'q', learner: false },
  ])
})

test('an etcd that does not answer says why', async () => {
  const silent = node('', 1, 'warning\nError: context deadline exceeded\n')
  await expect(etcdMembers(silent, signal)).rejects.toThrow(
    '"q-cp-0" does not answer: Error: context deadline',
  )
})

test('health joins members, status and health', async () => {
  const asked = node(`${list}\n${status}\n\n${health}\n`)
  expect(await etcdHealth([asked], signal)).toEqual({
    by: asked,
    members: [
      {
        id: '374ac64b941d1ee6',
        name: 'q-cp-0',
        peerUrl: 'https://10.107.185.29:2380',
        learner: false,
        healthy: true,
        leader: true,
        dbSizeBytes: 1126400,
      },
      {
        id: '8211f1d0f64f3269',
        name: 'q-cp-1',
        peerUrl: 'https://10.107.1.2:2380',
        learner: false,
        healthy: false,
        leader: false,
        dbSizeBytes: undefined,
      },
      {
        id: '1',
        name: 'https://10.107.1.3:2380',
        peerUrl: 'https://10.107.1.3:2380',
        learner: true,
        healthy: false,
        leader: false,
        dbSizeBytes: undefined,
      },
    ],
    problem: undefined,
  })
})

test('a learner is well when it tells its status, and only one member leads', async () => {
  const told = (id: number): string =>
    `{"Endpoint":"https://10.107.1.${id}:2379","Status":{"header":{"member_id":${id}},"dbSize":5,"leader":2}}`
  const three =
    '{"members":[{"ID":"1","name":"a","peerURLs":[],"isLearner":true},{"ID":"2","name":"b","peerURLs":[],"clientURLs":["https://10.107.1.2:2379"]},{"ID":"3","name":"c","peerURLs":[],"clientURLs":["https://10.107.1.3:2379"]}]}'
  const answers = '[{"endpoint":"https://10.107.1.2:2379","health":true}]'
  const text = `${three}\n[${[1, 2, 3].map(told).join()}]\n \n${answers}\n`
  const { members } = await etcdHealth([node(text)], signal)
  expect(members.map(({ name, healthy, leader }) => [name, healthy, leader])).toEqual([
    ['a', true, false],
    ['b', true, true],
    ['c', false, false],
  ])
})

test('asks by etcdctl on the node, within half a minute', async () => {
  const asked: { argv: readonly string[]; timeoutMs: number }[] = []
  const noting = (stdout: string): NodeHandle => ({
    ...node(stdout),
    execText: (argv, { timeoutMs }) => {
      asked.push({ argv, timeoutMs })
      return Promise.resolve({ stdout, stderr: '', exitCode: 0 })
    },
  })
  await etcdMembers(noting(list), signal)
  await etcdHealth([noting(list)], signal)
  expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([30_000, 30_000])
  expect(asked[0]?.argv.slice(-4)).toEqual(['member', 'list', '--write-out=json', '--hex'])
  expect(asked.map(({ argv }) => argv.includes('etcdctl'))).toEqual([true, true])
})

test('a member list alone: nobody is healthy', async () => {
  const { members } = await etcdHealth([node(`${list}\n`)], signal)
  expect(members.map(({ healthy }) => healthy)).toEqual([false, false, false])
})

test('asks the next control plane when one is silent', async () => {
  const asked = await etcdHealth([node('', 1, 'Error: refused'), node(`${list}\n`)], signal)
  expect(asked.members).toHaveLength(3)
  expect(await etcdHealth([node('', 1, 'Error: refused')], signal)).toEqual({
    members: [],
    problem: 'etcd on "q-cp-0" does not answer: Error: refused',
  })
  expect((await etcdHealth([], signal)).problem).toBe('no control plane runs')
})

test('a member with an alarm has a part in the majority, and says its alarm', async () => {
  const errors = ['memberID:3984214848272408294 alarm:NOSPACE ']
  const full = status.replace('"raftTerm":2}', `"raftTerm":2,"errors":${JSON.stringify(errors)}}`)
  const said =
    '[{"endpoint":"https://10.107.185.29:2379","health":false,"took":"2ms","error":"Active Alarm(s): NOSPACE "}]'
  const { members } = await etcdHealth([node(`${list}\n${full}\n${said}\n`)], signal)
  expect(members.map(({ name, healthy, alarms }) => [name, healthy, alarms])).toEqual([
    ['q-cp-0', true, ['NOSPACE']],
    ['q-cp-1', false, undefined],
    ['https://10.107.1.3:2380', false, undefined],
  ])
})

test.each([
  [
    'the largest member and the smallest limit',
    [
      [5, 10],
      [7, 9],
    ],
    { bytes: 7, quotaBytes: 9 },
  ],
  ['no limit where none is told', [[5, undefined]], { bytes: 5, quotaBytes: undefined }],
])('size of etcd: %s', (_, sizes, expected) => {
  const statuses = sizes.map(([dbSize, dbSizeQuota]) => ({ Endpoint: '', Status: { dbSize, dbSizeQuota } }))
  expect(parseSize(JSON.stringify(statuses))).toEqual(expected)
})
