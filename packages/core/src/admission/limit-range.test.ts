import { expect, it } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { merged } from './findings.js'
import { limitRangeProblems, withDefaults } from './limit-range.js'
import { claim, pod, podSpec } from './sample-objects.js'

const range = (...limits: object[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'sizes', namespace: 'team' },
  spec: { limits },
})
const where = 'LimitRange "sizes" of namespace "team"'
const whose = 'the pods of control planes'

it.each([
  ['nothing', {}, [], /^$/],
  ['as much as is asked for', { max: { memory: '4Gi', cpu: '2' } }, [], /^$/],
  [
    'other resources',
    { max: { 'nvidia.com/gpu': 1 } },
    [`${where} allows nvidia.com/gpu of at most 1 for each Container, and ${whose} ask for no limit`],
    /hostPatches/,
  ],
  [
    'less memory',
    { max: { memory: '2Gi' } },
    [`${where} allows memory of at most 2Gi for each Container, and ${whose} ask for 4Gi`],
    /^--control-plane-machine-memory-size 2Gi, choose another namespace with -n/,
  ],
  [
    'less CPU',
    { max: { cpu: '1500m' } },
    [`${where} allows cpu of at most 1500m for each Container, and ${whose} ask for 2`],
    /^--control-plane-machine-cpu-cores 1500m/,
  ],
  ['both', { max: { cpu: 1, memory: '1Gi' } }, [/cpu/, /memory/], /machine/],
  [
    'more than is requested',
    { min: { memory: '1Gi' } },
    [`${where} wants memory of at least 1Gi for each Container, and ${whose} ask for 640Mi`],
    /larger requests in spec.hostPatches/,
  ],
  [
    'a small ratio',
    { maxLimitRequestRatio: { cpu: 4 } },
    [
      `${where} allows a limit of at most 4 times the request of cpu for each Container, and ${whose} have 2 and 200m`,
    ],
    /hostPatches/,
  ],
  ['a large ratio', { maxLimitRequestRatio: { cpu: 10 } }, [], /^$/],
])('containers may have %s', (_title, item, messages, hint) => {
  const problems = limitRangeProblems([range({ type: 'Container', ...item })], [pod()])
  expect(problems.map(({ message }) => message)).toEqual(
    messages.map((message) =>
      typeof message === 'string' ? message : (expect.stringMatching(message) as unknown),
    ),
  )
  for (const problem of problems)
    expect(problem).toMatchObject({ severity: 'error', hint: expect.stringMatching(hint) as string })
})

it('pods are the sum of their containers', () => {
  const two = pod({
    containers: [...podSpec.containers, { name: 'a', resources: { limits: { memory: '1Gi' } } }],
  })
  const item = { type: 'Pod', max: { memory: '4608Mi' } }
  expect(limitRangeProblems([range(item)], [pod()])).toEqual([])
  expect(limitRangeProblems([range(item)], [two])[0]?.message).toContain(
    'at most 4608Mi for each Pod, and the pods of control planes ask for 5Gi',
  )
})

it.each([
  ['more', { max: { storage: '1Gi' } }, 'allows storage of at most 1Gi', '--worker-machine-rootfs-size 1Gi'],
  [
    'less',
    { min: { storage: '10Gi' } },
    'wants storage of at least 10Gi',
    '--worker-machine-rootfs-size 10Gi',
  ],
])('claims that ask for %s', (_title, item, message, hint) => {
  const [problem] = limitRangeProblems(
    [range({ type: 'PersistentVolumeClaim', ...item })],
    [claim('worker', '4Gi')],
  )
  expect(problem?.message).toContain(message)
  expect(problem?.hint).toContain(hint)
})

it('a default that would have the node evicted is told, and --persistent helps', () => {
  const item = { type: 'Container', default: { 'ephemeral-storage': '600Mi' } }
  const ephemeral = pod({ volumes: [{ name: 'disk', emptyDir: {} }] })
  const [told] = limitRangeProblems([range(item)], [ephemeral])
  expect(told).toMatchObject({
    severity: 'warning',
    message: `${where} gives the pods of control planes an ephemeral-storage limit of 600Mi: a node that writes more is evicted, and all that was on it is lost`,
    hint: expect.stringMatching(/^use --persistent/) as string,
  })
  const [other] = limitRangeProblems(
    [range(item)],
    [pod({ volumes: [{ name: 'disk', persistentVolumeClaim: {} }] })],
  )
  expect(other?.hint).not.toContain('--persistent')
  const own = pod({ containers: [{ name: 'node', resources: { limits: { 'ephemeral-storage': '8Gi' } } }] })
  expect(limitRangeProblems([range(item)], [own])).toEqual([])
  // Memory has a limit of its own.
  expect(limitRangeProblems([range({ type: 'Container', default: { memory: '100Mi' } })], [pod()])).toEqual(
    [],
  )
})

it('defaults are of what a pod does not say', () => {
  const item = {
    type: 'Container',
    default: { cpu: 1, memory: '1Gi' },
    defaultRequest: { cpu: '100m', memory: '1Gi' },
  }
  const given = pod({ containers: [{ name: 'node', resources: { limits: { memory: '4Gi' } } }] })
  expect((withDefaults(given, [range(item)]).spec as typeof podSpec).containers[0]?.resources).toEqual({
    limits: { cpu: 1, memory: '4Gi' },
    requests: { cpu: '100m', memory: '4Gi' },
  })
})

it('what is the same of control planes and workers is said once, with the flags of both', () => {
  const problems = merged(
    limitRangeProblems([range({ type: 'Container', max: { memory: '2Gi' } })], [pod(), pod({}, 'worker')]),
  )
  expect(problems).toEqual([
    {
      reason: 'LimitRangeForbids',
      severity: 'error',
      message: `${where} allows memory of at most 2Gi for each Container, and the pods of control planes and pool "worker" ask for 4Gi`,
      hint: '--control-plane-machine-memory-size 2Gi and --worker-machine-memory-size 2Gi, choose another namespace with -n, or have the LimitRange changed',
    },
  ])
})
