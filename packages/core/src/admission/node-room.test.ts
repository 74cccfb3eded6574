import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { roomProblems } from './node-room.js'
import { node, pod } from './sample-objects.js'

const taint = (key: string, effect = 'NoSchedule', value?: string): object => ({
  spec: { taints: [{ key, effect, value }] },
})
const notReady = { status: { conditions: [{ type: 'Ready', status: 'False' }] } }
const running = (hostNode: string, cpu: string, phase = 'Running'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'other', namespace: 'shop' },
  spec: { nodeName: hostNode, containers: [{ name: 'a', resources: { requests: { cpu } } }] },
  status: { phase },
})

function said(
  nodes: readonly KubeObject[],
  pods = [pod()],
  { grows = false, others = [] as readonly KubeObject[] | undefined } = {},
) {
  return roomProblems({ nodes, pods: others, grows }, pods).map(({ severity, message, hint }) => ({
    severity,
    message,
    hint,
  }))
}

describe('nodes that take no pod', () => {
  it.each([
    [
      'cordoned',
      [node('a', { spec: { unschedulable: true } })],
      'error',
      '1 of 1 cordoned',
      /kubectl uncordon a/,
    ],
    [
      'tainted',
      [node('a', taint('dedicated', 'NoSchedule', 'infra'))],
      'error',
      '1 of 1 with taint dedicated=infra:NoSchedule',
      /kubectl taint nodes a dedicated:NoSchedule-.*toleration/,
    ],
    [
      'to be emptied',
      [node('a', taint('x', 'NoExecute'))],
      'error',
      '1 of 1 with taint x:NoExecute',
      /taint/,
    ],
    ['not ready', [node('a', notReady)], 'warning', '1 of 1 not Ready', /wait until it is Ready/],
    [
      'short of disk',
      [node('a', taint('node.kubernetes.io/disk-pressure'))],
      'warning',
      '1 of 1 with node.kubernetes.io/disk-pressure',
      /describe node a/,
    ],
    [
      'new to a cloud',
      [node('a', taint('node.cloudprovider.kubernetes.io/uninitialized'))],
      'warning',
      'uninitialized',
      /describe node a/,
    ],
    [
      'of different kinds',
      [node('a', { spec: { unschedulable: true } }), node('b', taint('x'))],
      'error',
      '1 of 2 cordoned, 1 of 2 with taint x:NoSchedule',
      /uncordon a`, or take the taint away/,
    ],
    [
      'of different kinds, one of which passes',
      [node('a', { spec: { unschedulable: true } }), node('b', notReady)],
      'warning',
      '1 of 2 cordoned, 1 of 2 not Ready',
      /uncordon a`, or wait/,
    ],
  ] as const)('%s', (_title, nodes, severity, message, hint) => {
    const [problem, ...more] = said(nodes)
    expect(more).toEqual([])
    expect(problem).toMatchObject({ severity, hint: expect.stringMatching(hint) as string })
    expect(problem?.message).toContain('no node of the host takes the pods of control planes: ')
    expect(problem?.message).toContain(message)
  })

  it.each([
    ['one node is enough', [node('a', { spec: { unschedulable: true } }), node('b')], {}],
    ['what is only preferred', [node('a', taint('x', 'PreferNoSchedule'))], {}],
    [
      'what is tolerated',
      [node('a', taint('x', 'NoSchedule', 'y'))],
      { tolerations: [{ key: 'x', value: 'y', effect: 'NoSchedule' }] },
    ],
    ['what is tolerated whatever it is', [node('a', taint('x'))], { tolerations: [{ operator: 'Exists' }] }],
    [
      'a toleration of every value',
      [node('a', taint('x', 'NoExecute', 'y'))],
      { tolerations: [{ key: 'x', operator: 'Exists' }] },
    ],
  ])('%s', (_title, nodes, spec) => {
    expect(said(nodes, [pod(spec)])).toEqual([])
  })

  it.each([
    [{ tolerations: [{ key: 'x', value: 'z' }] }],
    [{ tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoExecute' }] }],
    [{ tolerations: [{ key: 'other', operator: 'Exists' }] }],
  ])('%j tolerates something else', (spec) => {
    expect(said([node('a', taint('x', 'NoSchedule', 'y'))], [pod(spec)])).toHaveLength(1)
  })

  it('is a warning where nodes come by themselves', () => {
    const [problem] = said([node('a', taint('x'))], [pod()], { grows: true })
    expect(problem?.severity).toBe('warning')
    expect(problem?.hint).toContain('add nodes by itself')
    expect(said([])[0]?.severity).toBe('warning')
  })

  it('is said once for all pods', () => {
    const problems = said([node('a', taint('x'))], [pod(), pod({}, 'worker'), pod({}, 'worker')])
    expect(problems.map(({ message }) => message)).toEqual([
      'no node of the host takes the pods of control planes and pool "worker": 1 of 1 with taint x:NoSchedule',
    ])
  })
})

describe('labels that are asked for', () => {
  const affinity = (...matchExpressions: object[]): object => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
      },
    },
  })
  const there = [node('a', { labels: { disk: 'ssd', cores: '8', empty: '', huge: '9007199254740993' } })]

  it.each([
    [{ nodeSelector: { disk: 'ssd' } }, true],
    [{ nodeSelector: { disk: 'hdd' } }, false],
    [affinity({ key: 'disk', operator: 'In', values: ['ssd', 'nvme'] }), true],
    [affinity({ key: 'disk', operator: 'NotIn', values: ['ssd'] }), false],
    [affinity({ key: 'gpu', operator: 'Exists' }), false],
    [affinity({ key: 'gpu', operator: 'DoesNotExist' }), true],
    [affinity({ key: 'cores', operator: 'Gt', values: ['4'] }), true],
    [affinity({ key: 'cores', operator: 'Lt', values: ['4'] }), false],
    [affinity({ key: 'cores', operator: 'Lt', values: ['0x10'] }), false],
    [affinity({ key: 'cores', operator: 'Gt', values: ['7.5'] }), false],
    [affinity({ key: 'empty', operator: 'Lt', values: ['4'] }), false],
    [affinity({ key: 'huge', operator: 'Gt', values: ['9007199254740992'] }), true],
    [affinity(), false],
  ])('%j', (spec, fits) => {
    const problems = said(there, [pod(spec)])
    if (fits) expect(problems).toEqual([])
    else
      expect(problems[0]).toMatchObject({
        severity: 'error',
        hint: expect.stringContaining('spec.hostPatches') as string,
      })
  })
})

describe('room', () => {
  const asks = (cpu: string, memory = '1Gi', limit = memory): object => ({
    containers: [{ name: 'node', resources: { requests: { cpu, memory }, limits: { memory: limit } } }],
  })

  it('a request that no node could ever hold is an error, but where nodes come', () => {
    const [problem] = said([node('a')], [pod(asks('3'))])
    expect(problem).toMatchObject({
      severity: 'error',
      message: 'the pods of control planes request cpu of 3 each, and the largest node of the host has 2',
      hint: expect.stringContaining('--control-plane-machine-cpu-cores') as string,
    })
    expect(said([node('a')], [pod(asks('3'))], { grows: true })[0]?.severity).toBe('warning')
  })

  it.each([
    ['far more than there is', '100Gi', 'error'],
    ['a little more, as a default on a small machine', '10Gi', 'warning'],
  ])('memory that may be used: %s', (_title, limit, severity) => {
    const [problem] = said([node('a')], [pod(asks('100m', '1Gi', limit), 'worker')])
    expect(problem).toMatchObject({
      severity,
      hint: expect.stringContaining('--worker-machine-memory-size 8Gi') as string,
    })
    expect(problem?.message).toContain(
      `may use ${limit} of memory each, and the largest node of the host has 8Gi`,
    )
  })

  it('a full host is told and not refused', () => {
    const others = [
      running('a', '1500m'),
      running('a', '400m'),
      running('a', '1', 'Succeeded'),
      running('b', '1'),
    ]
    const [problem, ...more] = said([node('a')], [pod(asks('60m')), pod(asks('50m'), 'worker')], { others })
    expect(more).toEqual([])
    expect(problem).toMatchObject({
      severity: 'warning',
      message:
        'the host has no room now for 1 of 2 nodes: what other pods request leaves too little for cpu of 50m',
    })
    expect(said([node('a')], [pod(asks('60m'))], { others })).toEqual([])
  })

  it('goes on to the next node', () => {
    const others = [running('a', '1950m')]
    expect(said([node('a'), node('b')], [pod(asks('100m'))], { others })).toEqual([])
  })

  it('pods have places, too', () => {
    const full = node('a', {
      status: { allocatable: { cpu: '8', memory: '8Gi', pods: '1' }, capacity: { memory: '8Gi' } },
    })
    const [problem] = said([full], [pod(asks('1m')), pod(asks('1m'), 'worker')], { others: [] })
    expect(problem?.message).toContain('1 of 2 nodes')
    expect(problem?.message).toContain('pods of 1')
  })

  it('nothing is said of nodes that do not say what they have', () => {
    expect(said([node('a', { status: { allocatable: undefined } })], [pod(asks('99'))])).toEqual([])
  })

  it('nothing is said of free room where pods may not be listed', () => {
    expect(roomProblems({ nodes: [node('a')], pods: undefined, grows: false }, [pod(asks('2'))])).toEqual([])
  })
})
