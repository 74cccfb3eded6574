import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { assess } from './assess.js'
import type { HealthFacts } from './assess.js'

const now = Date.parse('2026-01-01T01:00:00Z')
const minutesAgo = (minutes: number): string => new Date(now - minutes * 60_000).toISOString()
const running = (startedMinutesAgo: number) => ({
  name: 'a',
  phase: 'running' as const,
  reason: undefined,
  startedAt: minutesAgo(startedMinutesAgo),
})

function member(status: string, message: string, sinceMinutes: number): KubeObject {
  const ready = { type: 'Ready', status, message, lastTransitionTime: minutesAgo(sinceMinutes) }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, status: { conditions: [ready] } }
}

function health(facts: Partial<HealthFacts>): unknown {
  const [verdict] = assess({
    desired: [{ name: 'a', role: 'worker' }],
    hostNodes: [running(60)],
    members: [],
    unhealthyAfterMs: 300_000,
    now,
    ...facts,
  })
  return verdict?.health
}

const lost = 'Kubelet stopped posting node status.'
const noCni =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'

describe('assess', () => {
  it('calls a node that was not Ready for longer than allowed dead', () => {
    expect(health({ members: [member('Unknown', lost, 10)] })).toBe('dead')
    expect(health({ members: [member('False', 'container runtime is down', 10)] })).toBe('dead')
  })

  it('waits for one that is not Ready only since a moment, and says until when', () => {
    expect(health({ members: [member('False', 'container runtime is down', 4)] })).toBe('failing')
    const [verdict] = assess({
      desired: [{ name: 'a', role: 'worker' }],
      hostNodes: [running(60)],
      members: [member('False', 'container runtime is down', 4)],
      unhealthyAfterMs: 300_000,
      now,
    })
    expect(verdict?.deadAt).toBe(now + 60_000)
  })

  it('counts the time the nested cluster took to notice that nothing is heard of a node', () => {
    const facts = { members: [member('Unknown', lost, 4.5)], unhealthyAfterMs: 300_000 }
    expect(health(facts)).toBe('dead')
  })

  it('counts no more of it than it took', () => {
    const facts = { members: [member('Unknown', lost, 4.5)], unhealthyAfterMs: 300_000 }
    expect(health({ ...facts, noticedAfterMs: 16_000 })).toBe('failing')
    expect(health({ ...facts, noticedAfterMs: 30_000 })).toBe('dead')
  })

  it.each([
    ['what was noticed late began 40 s before', 'Unknown', lost, 4, 20_000],
    ['what a kubelet says itself begins when it says so', 'False', 'runtime is down', 4, 60_000],
    [
      'a missing network is what the kubelet says, and not what nobody heard of it',
      'Unknown',
      noCni,
      4,
      20_000,
    ],
  ])('says until when it waits: %s', (_, status, message, since, left) => {
    const facts = { desired: [{ name: 'a', role: 'worker' as const }], unhealthyAfterMs: 300_000, now }
    const members = [member(status, message, since)]
    expect(assess({ ...facts, hostNodes: [running(60)], members })).toEqual([
      { name: 'a', role: 'worker', health: 'failing', reason: message, deadAt: now + left },
    ])
  })

  it('looks at each node by its own name', () => {
    const named = (name: string, object: KubeObject): KubeObject => ({ ...object, metadata: { name } })
    const verdicts = assess({
      desired: ['a', 'b', 'c', 'd'].map((name) => ({ name, role: 'worker' })),
      hostNodes: [
        { ...running(60), name: 'd', phase: 'pending', reason: 'Unschedulable' },
        { ...running(60), name: 'c', phase: 'pending', reason: 'only its disk is kept', abandoned: true },
        { ...running(60), name: 'b' },
        running(60),
      ],
      members: [named('b', member('Unknown', lost, 10)), named('a', member('True', '', 10))],
      unhealthyAfterMs: 300_000,
      now,
    })
    expect(verdicts.map(({ name, health, reason }) => [name, health, reason])).toEqual([
      ['a', 'healthy', ''],
      ['b', 'dead', lost],
      ['c', 'absent', 'only its disk is kept'],
      ['d', 'host', 'Unschedulable'],
    ])
  })

  it('counts a node whose Node object says nothing yet from when that was made', () => {
    const metadata = { name: 'a', creationTimestamp: minutesAgo(2) }
    const [verdict] = assess({
      desired: [{ name: 'a', role: 'worker' }],
      hostNodes: [{ ...running(60), startedAt: undefined }],
      members: [{ apiVersion: 'v1', kind: 'Node', metadata }],
      unhealthyAfterMs: 300_000,
      now,
    })
    expect(verdict).toMatchObject({
      health: 'failing',
      reason: 'has not reported yet',
      deadAt: now + 180_000,
    })
  })

  it('counts from the start of its pod when that came later', () => {
    expect(health({ members: [member('Unknown', lost, 30)], hostNodes: [running(1)] })).toBe('failing')
  })

  it('does not take a missing CNI for a dead node, however long it is missing', () => {
    expect(health({ members: [member('False', noCni, 600)] })).toBe('no-network')
  })

  it('knows nothing when the API does not answer', () => {
    expect(health({ members: undefined })).toBe('unknown')
  })

  it('leaves a node to the host whose pod does not run', () => {
    const pending = { name: 'a', phase: 'pending' as const, reason: 'Unschedulable: cordoned' }
    expect(health({ hostNodes: [pending], members: [member('Unknown', lost, 600)] })).toBe('host')
  })

  it('calls a node dead that never registered', () => {
    expect(health({ hostNodes: [running(10)] })).toBe('dead')
    expect(health({ hostNodes: [running(1)] })).toBe('failing')
  })

  it('calls a node absent of which only the disk is left: the host would never start it', () => {
    const disk = { name: 'a', phase: 'pending' as const, reason: 'only its disk is kept', abandoned: true }
    expect(health({ hostNodes: [disk] })).toBe('absent')
    expect(health({ hostNodes: [disk], members: undefined })).toBe('absent')
  })

  describe('a kubelet that spoke before the host started its pod or VM', () => {
    const spoke = (minutes: number, status = 'True', message = ''): KubeObject => {
      const ready = { type: 'Ready', status, message, lastHeartbeatTime: minutesAgo(minutes) }
      return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, status: { conditions: [ready] } }
    }
    it.each([
      ['says nothing of what runs now', spoke(3), 2, undefined, 'failing'],
      ['and waited for a network says nothing, either', spoke(3, 'False', noCni), 2, undefined, 'failing'],
      ['is believed when its node says that it is set up', spoke(3), 2, new Set(['a']), 'healthy'],
      ['is one that other nodes say nothing of', spoke(3), 2, new Set(['b']), 'failing'],
      ['has another clock when the nested cluster heard of it for long', spoke(30), 6, undefined, 'healthy'],
      ['has spoken since', spoke(1), 2, undefined, 'healthy'],
    ] as const)('%s', (_, node, startedMinutesAgo, asked, expected) => {
      const hostNodes = [running(startedMinutesAgo)]
      expect(health({ members: [node], hostNodes, ...(asked === undefined ? {} : { asked }) })).toBe(expected)
    })
  })

  it('says when the host has nothing of a node, and when all is well', () => {
    expect(health({ hostNodes: [] })).toBe('absent')
    expect(health({ members: [member('True', '', 60)] })).toBe('healthy')
  })
})
