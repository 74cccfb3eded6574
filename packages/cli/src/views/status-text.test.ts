import { describe, expect, test } from 'vitest'
import { byteSize } from './byte-size.js'
import { fakeStatus } from '@knest/testing'
import { statusText } from './status-text.js'

const now = new Date('2026-01-01T00:03:12Z')

describe('statusText', () => {
  test('sections as kubectl prints tables', () => {
    expect(statusText(fakeStatus(), now, false)).toBe(`\
NAME         NAMESPACE          BACKEND   VERSION   PHASE   CONTROL-PLANE   WORKERS   AGE     POD-CIDR        SERVICE-CIDR
quickstart   knest-quickstart   pod       1.35.4    Ready   1/1             1/1       3m12s   10.200.0.0/16   10.201.0.0/16

NODE                  ROLE            STATUS     VERSION     ADDRESS      DISK         ADDRESS-KEPT   REASON
quickstart-cp-0       control-plane   Ready      1.35.4      10.244.0.7   persistent   yes
quickstart-worker-0   worker          NotReady   <unknown>   <none>       ephemeral    no             Unschedulable: too little memory

ETCD-MEMBER        NAME              HEALTH    LEADER   LEARNER   DB-SIZE
374ac64b941d1ee6   quickstart-cp-0   healthy   yes      no        1.5 MiB

certificates: the first to end is "apiserver" of "quickstart-cp-0", 2027-01-01T00:00:00Z (364 days left)

CONDITION   STATUS   SINCE   REASON          MESSAGE
Ready       True     2m12s   AllNodesReady

Pod nodes are privileged pods: root in one of them is root on the host node it runs on.
`)
  })

  test('wide tells where nodes are, and the MAC that is kept', () => {
    const [, nodes = ''] = statusText(fakeStatus(), now, true).split('\n\n')
    expect(nodes.split('\n')[0]).toMatch(/ADDRESS-KEPT +MAC +ON +HOST-NODE +REASON$/)
    expect(nodes.split('\n')[1]).toMatch(/yes +52:54:00:f4:00:07 +pod\/quickstart-cp-0-0 +host-1$/)
    expect(nodes.split('\n')[2]).toMatch(/no +<none> +pod\/quickstart-worker-0-0 +<none> +Unschedulable/)
  })

  test('what is not known says why, and what is wrong comes with its cure', () => {
    const text = statusText(
      fakeStatus({
        nodes: [],
        conditions: [],
        etcd: { members: [], problem: 'no answer within 6 s' },
        certificates: {
          earliest: undefined,
          endSoon: 0,
          renewBeforeDays: 30,
          unfinished: [],
          problems: ['node "q-cp-0" cannot be asked: it does not answer'],
        },
        problems: [
          {
            severity: 'warning',
            message: 'the host has no node "q-cp-1"',
            hint: 'knest scale q 3:0 replaces it',
          },
        ],
      }),
      now,
      false,
    )
    expect(text.split('\n').slice(2).join('\n')).toBe(`
NODE   ROLE   STATUS   VERSION   ADDRESS   DISK   ADDRESS-KEPT   REASON

etcd: unknown: no answer within 6 s

certificates: node "q-cp-0" cannot be asked: it does not answer

warning: the host has no node "q-cp-1"
  hint: knest scale q 3:0 replaces it
`)
  })

  test('a dead member of three, and certificates that have ended', () => {
    const member = { healthy: true, leader: false, learner: false, dbSizeBytes: 20 * 1024 * 1024 }
    const text = statusText(
      fakeStatus({
        etcd: {
          members: [
            { ...member, id: 'a', name: 'q-cp-0', leader: true },
            { ...member, id: 'b', name: 'q-cp-1', healthy: false, dbSizeBytes: undefined },
            { ...member, id: 'c', name: 'q-cp-2', learner: true },
            { ...member, id: 'd', name: 'q-cp-3', alarms: ['NOSPACE'] },
          ],
          problem: undefined,
        },
        certificates: {
          earliest: { node: undefined, name: 'kubeconfig', expires: '2025-12-01T00:00:00Z', daysLeft: -31 },
          endSoon: 1,
          renewBeforeDays: 30,
          unfinished: [],
          problems: [],
        },
      }),
      now,
      false,
    )
    expect(text).toContain(`
a             q-cp-0   healthy     yes      no        20 MiB
b             q-cp-1   unhealthy   no       no        <unknown>
c             q-cp-2   healthy     no       yes       20 MiB
d             q-cp-3   NOSPACE     no       no        20 MiB
`)
    expect(text).toContain('"kubeconfig", 2025-12-01T00:00:00Z (expired)')
  })
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_552_384, '1.5 MiB'],
  [20 * 1024 ** 2, '20 MiB'],
  [3 * 1024 ** 5, '3072 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(byteSize(bytes)).toBe(text)
})
