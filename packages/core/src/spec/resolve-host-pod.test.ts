import { expect, test } from 'vitest'
import { PreflightError } from '../errors.js'
import { specChanges } from './changes.js'
import { resolveSpec, type ClusterInput } from './index.js'

const full = {
  labels: { team: 'a' },
  annotations: { 'example.com/note': 'Anything at all' },
  nodeSelector: { 'example.com/disk': 'fast' },
  tolerations: [{ key: 'nested', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }],
  priorityClassName: 'high',
  runtimeClassName: 'runc',
  imagePullSecrets: [{ name: 'one' }, { name: 'two' }],
  requests: { cpu: '500m', memory: '2Gi' },
} as const

const inputOf = (hostPod: unknown, more: object = {}): ClusterInput =>
  ({ workers: [{ hostPod, ...more }] }) as ClusterInput

test.each([
  ['everything', full],
  ['everything tolerated', { tolerations: [{ operator: 'Exists' }] }],
  ['for a while', { tolerations: [{ key: 'a', effect: 'NoExecute', tolerationSeconds: 5 }] }],
])('takes %s as it is, of workers and of the control plane', (_title, hostPod) => {
  expect(resolveSpec(inputOf(hostPod)).workers[0]?.hostPod).toEqual(hostPod)
  const input = { controlPlane: { hostPod } } as unknown as ClusterInput
  expect(resolveSpec(input).controlPlane.hostPod).toEqual(hostPod)
})

test('requests are kept as text, and nothing is the same as none', () => {
  const { workers } = resolveSpec(inputOf({ requests: { cpu: 1, memory: 1_073_741_824 } }))
  expect(workers[0]?.hostPod?.requests).toEqual({ cpu: '1', memory: '1073741824' })
  expect(resolveSpec(inputOf({}))).toEqual(resolveSpec({ workers: [{}] }))
})

test.each<[string, object, string, object?]>([
  ["a label of knest's", { labels: { 'knest.dev/node': 'a' } }, "is one of knest's own"],
  ["an annotation of knest's", { annotations: { 'knest.dev/keep': 'a' } }, "is one of knest's own"],
  ['a label that is none', { labels: { 'a b': 'c' } }, 'label "a b" of hostPod of worker pool "worker"'],
  ['a selector that is none', { nodeSelector: { a: 'b c' } }, 'value "b c" of nodeSelector "a"'],
  ['an annotation that is none', { annotations: { 'a/b/c': '' } }, 'annotation "a/b/c"'],
  ['a toleration of nothing', { tolerations: [{ value: 'a' }] }, 'has no key'],
  [
    'a value that exists',
    { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] },
    'has operator Exists and a value',
  ],
  [
    'seconds without an end',
    { tolerations: [{ key: 'a', tolerationSeconds: 5 }] },
    'has tolerationSeconds without effect NoExecute',
  ],
  ['a class that is none', { priorityClassName: 'High' }, 'priorityClassName "High"'],
  ['a Secret that is none', { imagePullSecrets: [{ name: 'A' }] }, 'imagePullSecret "A"'],
  ['no quantity', { requests: { cpu: 'much' } }, 'CPU request of hostPod of worker pool "worker"'],
  ['more CPU than there is', { requests: { cpu: '3' } }, 'is above its 2 cores'],
  ['more memory than there is', { requests: { memory: '5Gi' } }, 'is above its memory size 4Gi'],
  ['a runtime for VMs', { runtimeClassName: 'runc' }, 'KubeVirt has none for VMs', { backend: 'vm' }],
  [
    'two Secrets for VMs',
    { imagePullSecrets: [{ name: 'a' }, { name: 'b' }] },
    'KubeVirt takes one',
    { backend: 'vm' },
  ],
])('refuses %s', (_title, hostPod, message, more) => {
  const problems = problemsOf(inputOf(hostPod, more))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(message)
})

test('may change on a cluster that exists, for nodes made from then on', () => {
  const recorded = resolveSpec({})
  const { changes, refusals } = specChanges(
    recorded,
    resolveSpec({ ...inputOf(full), controlPlane: { hostPod: { labels: { a: 'b' } } } }),
  )
  expect(changes.map(({ path }) => path)).toEqual(['controlPlane.hostPod', 'workers.worker.hostPod'])
  expect(refusals).toEqual([])
})

function problemsOf(input: ClusterInput): readonly string[] {
  try {
    resolveSpec(input)
    return []
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error
    return error.problems.map(({ message }) => message)
  }
}
