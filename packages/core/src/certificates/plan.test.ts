import { describe, expect, test } from 'vitest'
import type { Certificate } from '../contracts/certificates.js'
import { FirstLook } from './first-look.js'
import { isNothing, isRenewed, planRenewal, renewalSteps } from './plan.js'

const made = new Date('2026-11-21T08:00:00Z')

function days(count: number): Date {
  return new Date(made.getTime() + count * 24 * 60 * 60_000)
}

function certificate(node: string | undefined, name: string, validDays = 365): Certificate {
  return {
    node,
    name,
    expires: days(validDays).toISOString(),
    daysLeft: validDays,
    ca: 'ca',
    renewedBy: name === 'kubelet-client' ? 'kubelet' : 'knest',
  }
}

const certificates = [
  certificate(undefined, 'kubeconfig', 400),
  certificate('q-cp-0', 'apiserver'),
  certificate('q-cp-0', 'admin.conf'),
  certificate('q-cp-0', 'kubelet-client', 500),
  certificate('q-cp-1', 'apiserver'),
  certificate('q-cp-1', 'kubelet-client', 500),
  certificate('q-worker-0', 'kubelet-client', 500),
]
const found = { certificates, unfinished: [] }

describe('planRenewal', () => {
  test.each([
    ['a young cluster', 0, 'nothing'],
    ['a day before it is time', 334, 'nothing'],
    ['thirty days before the end', 335.1, 'q-cp-0 q-cp-1'],
    ['after the end', 371, 'q-cp-0 q-cp-1 kubeconfig'],
    ['a year and a half later', 550, 'q-cp-0+kubelet q-cp-1+kubelet q-worker-0+kubelet-only kubeconfig'],
  ])('%s', (_what, day, expected) => {
    const plan = planRenewal(found, days(day))
    const nodes = plan.nodes.map(
      ({ node, controlPlane, kubelet }) =>
        node + (kubelet ? (controlPlane ? '+kubelet' : '+kubelet-only') : ''),
    )
    const shown = [...nodes, ...(plan.kubeconfig ? ['kubeconfig'] : [])].join(' ')
    expect(isNothing(plan) ? 'nothing' : shown).toBe(expected)
  })

  test('who begins anew makes nothing new for a second time, and all the rest', () => {
    const first = new FirstLook()
    first.take(certificates)
    const after = certificates.map((each) =>
      each.node === 'q-cp-0' && each.renewedBy === 'knest' ? certificate(each.node, each.name, 366) : each,
    )
    first.take(after)
    const isNew = (each: Certificate): boolean => first.isNewSince(each)
    const again = planRenewal({ certificates: after, unfinished: [] }, made, { all: true, isNew })
    expect(again.nodes[0]).toEqual({ node: 'q-cp-0', controlPlane: false, kubelet: true })
    expect(again.nodes[1]).toEqual({ node: 'q-cp-1', controlPlane: true, kubelet: true })
    expect(again.kubeconfig).toBe(true)
    // Its files are new, and what uses them was not started again.
    const halfWay = planRenewal({ certificates: after, unfinished: ['q-cp-0'] }, made, { all: true, isNew })
    expect(halfWay.nodes[0]).toEqual({ node: 'q-cp-0', controlPlane: true, kubelet: true })
  })

  test('one late certificate makes all new that kubeadm renews on that node, and nothing else', () => {
    const late = [
      ...certificates.filter(({ node }) => node !== 'q-cp-1'),
      certificate('q-cp-1', 'etcd-peer', 3),
    ]
    const plan = planRenewal({ certificates: late, unfinished: [] }, made)
    expect(plan.due.map(({ name }) => name)).toEqual(['etcd-peer'])
    expect(plan.nodes).toEqual([{ node: 'q-cp-1', controlPlane: true, kubelet: false }])
    expect(isRenewed(plan, certificate('q-cp-1', 'apiserver'))).toBe(true)
    expect(isRenewed(plan, certificate('q-cp-1', 'kubelet-client'))).toBe(false)
    expect(isRenewed(plan, certificate(undefined, 'kubeconfig'))).toBe(false)
  })

  test('another limit, and all', () => {
    expect(isNothing(planRenewal(found, made, { before: 364 }))).toBe(true)
    expect(planRenewal(found, made, { before: 366 }).nodes).toHaveLength(2)
    const all = planRenewal(found, made, { all: true })
    expect(all.nodes).toHaveLength(3)
    expect(all.kubeconfig).toBe(true)
  })

  test('a renewal that was broken off is done again on that node', () => {
    const plan = planRenewal({ certificates, unfinished: ['q-cp-1', 'q-worker-0'] }, made)
    expect(plan.nodes).toEqual([
      { node: 'q-cp-1', controlPlane: true, kubelet: true },
      { node: 'q-worker-0', controlPlane: false, kubelet: true },
    ])
    expect(plan.due).toEqual([])
  })
})

test('all files come before the first restart, and one restart before the next', () => {
  const steps = renewalSteps(planRenewal(found, days(550)))
  const shown = steps.map(({ id, needs }) => `${id} < ${needs.join(' ')}`.trim())
  expect(shown).toEqual([
    'renew:q-cp-0 <',
    'renew:q-cp-1 <',
    'renew:q-worker-0 <',
    'restart:q-cp-0 < renew:q-cp-0 renew:q-cp-1',
    'restart:q-cp-1 < restart:q-cp-0',
    'kubeconfig <',
    'ready < renew:q-cp-0 renew:q-cp-1 renew:q-worker-0 restart:q-cp-0 restart:q-cp-1',
  ])
})
