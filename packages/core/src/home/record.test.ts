import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { nestedClusterKind, recordFromObject, recordOrFailure } from './record.js'

function object(spec: unknown, status?: unknown, labels?: Readonly<Record<string, string>>): KubeObject {
  return {
    ...nestedClusterKind,
    metadata: { name: 'a', namespace: 'b', ...(labels && { labels }) },
    spec,
    status,
  }
}

describe('the record of a NestedCluster', () => {
  it('is what the object asks for, until somebody has decided something else', () => {
    const asked = recordFromObject(object({ workers: [{ count: 2 }] }))
    expect(asked.spec.workers[0]?.count).toBe(2)
    expect(asked.desiredSpec).toBeUndefined()
    const decided = recordFromObject(
      object({ workers: [{ count: 2 }] }, { spec: { workers: [{ count: 1 }], network: { mtu: 1400 } } }),
    )
    expect(decided.spec.workers[0]?.count).toBe(1)
    expect(decided.spec.network.mtu).toBe(1400)
    expect(decided.desiredSpec?.workers[0]?.count).toBe(2)
  })

  it('tells what a command made from what was applied', () => {
    expect(recordFromObject(object({})).declared).toBe(true)
    expect(recordFromObject(object({}, {}, { 'app.kubernetes.io/managed-by': 'knest' })).declared).toBe(false)
  })

  it('is what its cluster is made by while its object asks for what cannot be read', () => {
    const made = { workers: [{ count: 1 }] }
    const record = recordFromObject(object({ network: { podNetworkCidr: ['banana'] } }, { spec: made }))
    expect(record.spec.workers[0]?.count).toBe(1)
    expect(record.desiredSpec).toEqual(record.spec)
    expect(record.desiredProblems).toEqual([
      expect.objectContaining({ message: expect.stringContaining('banana') as string }),
    ])
    const kept = recordFromObject(object({ ttl: 'banana', deletionPolicy: 'Retain' }, { spec: made }))
    expect(kept.desiredSpec).toEqual({ ...kept.spec, deletionPolicy: 'Retain' })
  })

  it('does not hide others in a list when it cannot be read', () => {
    const broken = object({ network: { podNetworkCidr: ['banana'] } })
    expect(() => recordFromObject(broken)).toThrow('banana')
    expect(recordOrFailure(broken)).toMatchObject({ name: 'a', namespace: 'b', phase: 'Failed' })
    expect(recordOrFailure(broken).conditions[0]?.message).toContain('banana')
  })
})
