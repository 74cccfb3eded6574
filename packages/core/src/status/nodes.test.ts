import { describe, expect, test } from 'vitest'
import type { NodeSummary } from '../contracts/clusters.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { NodeBackend } from '../contracts/node-backend.js'
import { fakeHostNode, fakeRecord } from './fake-parts.js'
import { nodeSummaries, type NodeFacts } from './nodes.js'

const backend = { name: 'pod' } as NodeBackend
const node = { ...fakeHostNode('q-cp-0'), backend }

function member(name: string, ready: 'True' | 'False', message = ''): KubeObject {
  const conditions = [{ type: 'Ready', status: ready, message }]
  const status = { conditions, nodeInfo: { kubeletVersion: 'v1.35.4' } }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status }
}

function first(facts: Partial<NodeFacts>): NodeSummary | undefined {
  return nodeSummaries({
    record: fakeRecord(),
    hostNodes: [node],
    members: { value: [member('q-cp-0', 'True')], problem: undefined },
    reservations: { value: new Map(), problem: undefined },
    emptyDisks: new Set(),
    ...facts,
  })[0]
}

describe('nodeSummaries', () => {
  test('a node that is well', () => {
    expect(first({})).toEqual({
      name: 'q-cp-0',
      role: 'control-plane',
      ready: true,
      status: 'Ready',
      version: '1.35.4',
      ip: '10.244.0.7',
      disk: 'ephemeral',
      addressKept: false,
      reservation: undefined,
      backend: 'pod',
      hostObject: 'q-cp-0-0',
      hostNode: 'host-1',
      reason: undefined,
    })
  })

  test.each<[string, Partial<NodeFacts>, Partial<NodeSummary>]>([
    [
      'not Ready: what its kubelet says, on one line',
      { members: { value: [member('q-cp-0', 'False', 'no\n  network')], problem: undefined } },
      { status: 'NotReady', reason: 'no network', version: '1.35.4' },
    ],
    [
      'not joined',
      { members: { value: [], problem: undefined } },
      { status: 'NotReady', reason: 'has not joined the cluster', version: undefined },
    ],
    [
      'the API is silent',
      { members: { value: undefined, problem: 'no answer' } },
      { status: 'Unknown', reason: 'no answer', ready: false },
    ],
    [
      'a pod that waits is not Ready, whatever the Node object still says',
      { hostNodes: [{ ...node, phase: 'pending', reason: 'ContainerCreating: the address\nis taken' }] },
      { status: 'NotReady', reason: 'ContainerCreating: the address is taken' },
    ],
    [
      'nothing of it on the host',
      { hostNodes: [] },
      { status: 'NotReady', hostObject: undefined, reason: 'the host has no such node' },
    ],
    [
      'an empty disk',
      { emptyDisks: new Set(['q-cp-0']) },
      { status: 'NotReady', reason: 'its disk is empty: what was on it is lost' },
    ],
  ])('%s', (_name, facts, shown) => {
    expect(first(facts)).toMatchObject(shown)
  })

  test.each<[string, Partial<NodeFacts>, Partial<NodeSummary>]>([
    [
      'persistent, on a host that keeps no addresses',
      { record: fakeRecord({ persistence: { enabled: true } }) },
      { disk: 'persistent', addressKept: false },
    ],
    [
      'with a lease',
      {
        reservations: {
          value: new Map([['q-cp-0', { ip: '10.9.0.8', mac: '52:54:00:09:00:08', annotations: {} }]]),
          problem: undefined,
        },
      },
      { addressKept: true, reservation: { ip: '10.9.0.8', mac: '52:54:00:09:00:08' } },
    ],
    [
      'on Kube-OVN, which keeps them by itself',
      { record: fakeRecord({ persistence: { enabled: true, hostClusterCni: 'kube-ovn' } }) },
      { addressKept: true, reservation: undefined },
    ],
    [
      'leases that cannot be read',
      { reservations: { value: undefined, problem: 'no answer' } },
      { addressKept: undefined },
    ],
  ])('what outlives it: %s', (_name, facts, shown) => {
    expect(first(facts)).toMatchObject(shown)
  })

  test('a Node that knest did not make', () => {
    const members = { value: [member('q-cp-0', 'True'), member('stranger', 'True')], problem: undefined }
    const shown = nodeSummaries({
      record: fakeRecord(),
      hostNodes: [node],
      members,
      reservations: { value: new Map(), problem: undefined },
      emptyDisks: new Set(),
    })
    expect(shown[1]).toMatchObject({ name: 'stranger', disk: undefined, reason: 'the host has no such node' })
  })
})
