import { describe, expect, test } from 'vitest'
import { createKubernetesHome, nestedClusterKind } from '@knest/core'
import type { ClusterCondition, ClusterPhase } from '@knest/core'
import { createFakeKubeApi } from '../fake-kube-api.js'
import { endsWait, kstatusOf, type Kstatus } from '../read-conditions.js'
import { never, ref, spec } from './fixture.js'

const kinds = [{ ...nestedClusterKind, statusSubresource: true }]

const is = (type: string, status: ClusterCondition['status'], reason: string): ClusterCondition => ({
  type,
  status,
  reason,
  message: reason,
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

const ready = is('Ready', 'True', 'AllNodesReady')
const notReady = is('Ready', 'False', 'NodesNotReady')
const refused = is('Accepted', 'False', 'Refused')
const notPermitted = is('Accepted', 'False', 'NotPermitted')
const halfWay = is('Accepted', 'False', 'HalfWay')
const authoritiesGone = is('Healthy', 'False', 'AuthoritiesGone')
const notReplaced = is('Healthy', 'False', 'NodeNotReplaced')
const changing = is('Ready', 'False', 'Changing')

interface Row {
  readonly phase: ClusterPhase
  readonly conditions: readonly ClusterCondition[]
  readonly answer: Kstatus
  readonly isReady?: boolean
}

const rows: readonly Row[] = [
  { phase: 'Creating', conditions: [], answer: 'InProgress' },
  { phase: 'Creating', conditions: [refused], answer: 'Failed' },
  { phase: 'Creating', conditions: [notPermitted], answer: 'Failed' },
  { phase: 'Ready', conditions: [ready], answer: 'Current', isReady: true },
  { phase: 'Ready', conditions: [changing], answer: 'InProgress' },
  { phase: 'Ready', conditions: [ready, refused], answer: 'Failed', isReady: true },
  { phase: 'Ready', conditions: [ready, halfWay], answer: 'Current', isReady: true },
  { phase: 'Degraded', conditions: [notReady], answer: 'InProgress' },
  { phase: 'Degraded', conditions: [notReady, notReplaced], answer: 'InProgress' },
  { phase: 'Degraded', conditions: [ready, authoritiesGone], answer: 'Failed', isReady: true },
  { phase: 'Scaling', conditions: [ready], answer: 'InProgress' },
  { phase: 'Scaling', conditions: [notReady], answer: 'InProgress' },
  { phase: 'Scaling', conditions: [ready, authoritiesGone], answer: 'Failed' },
  { phase: 'Upgrading', conditions: [ready, halfWay], answer: 'InProgress' },
  { phase: 'Paused', conditions: [ready], answer: 'InProgress' },
  { phase: 'Resuming', conditions: [], answer: 'InProgress' },
  { phase: 'Deleting', conditions: [ready], answer: 'InProgress' },
  { phase: 'Kept', conditions: [ready], answer: 'InProgress' },
  { phase: 'Failed', conditions: [ready], answer: 'Failed' },
]

/** The object after somebody has said of it how it is, at its generation or at one before. */
async function said({ phase, conditions }: Row, generation = 1): Promise<Parameters<typeof kstatusOf>[0]> {
  const api = createFakeKubeApi(kinds)
  await api.create({ ...nestedClusterKind, metadata: ref, spec }, { signal: never })
  await createKubernetesHome(api).setStatus({ ...ref, generation }, { phase, conditions }, never)
  const object = await api.get(nestedClusterKind, ref.name, ref.namespace, never)
  if (object === undefined) throw new Error('there is no object')
  return object
}

describe('kstatus and kubectl wait, by phase and conditions', () => {
  test.each(
    rows.map((row) => [`${row.phase} ${row.conditions.map(({ reason }) => reason).join(', ')}`, row]),
  )('%s', async (_, row) => {
    const object = await said(row)
    expect(kstatusOf(object)).toBe(row.answer)
    expect(endsWait(object, 'Ready')).toBe(row.isReady ?? false)
    expect(kstatusOf(await said(row, 0))).toBe('InProgress')
    expect(endsWait(await said(row, 0), 'Ready')).toBe(false)
    const deletionTimestamp = '2026-01-01T00:00:00Z'
    expect(kstatusOf({ ...object, metadata: { ...object.metadata, deletionTimestamp } })).toBe('Terminating')
  })

  test('every phase has an answer', () => {
    const all: Record<ClusterPhase, true> = {
      Creating: true,
      Ready: true,
      Degraded: true,
      Scaling: true,
      Upgrading: true,
      Paused: true,
      Resuming: true,
      Deleting: true,
      Kept: true,
      Failed: true,
    }
    expect([...new Set(rows.map(({ phase }) => phase))].sort()).toEqual(Object.keys(all).sort())
  })
})
