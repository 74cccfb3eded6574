import { expect, test } from 'vitest'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { fakeRecord } from '../status/fake-parts.js'
import { awaitPackets } from './await-packets.js'

const { signal } = new AbortController()

const dnsPod = (name: string, nodeName: string, podIP: string, status = 'True'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'kube-system' },
  spec: { nodeName },
  status: { podIP, conditions: [{ type: 'Ready', status }] },
})
const onBoth = [dnsPod('coredns-a', 'q-cp-0', '10.200.0.2'), dnsPod('coredns-b', 'q-worker-0', '10.200.1.2')]

/** Lets nodes ask: what each of them says, by its name, and whom it was told to ask. */
async function run(
  pods: readonly KubeObject[] | (() => readonly (KubeObject | undefined)[]),
  answers: Readonly<Record<string, string>> = {},
  { cni = 'flannel', names = ['q-cp-0', 'q-worker-0'] } = {},
  answerOf?: (ip: string) => string,
): Promise<readonly string[]> {
  const asked: string[] = []
  const record: ClusterRecord = fakeRecord({})
  const { spec } = record
  const openNode = (name: string): Promise<NodeHandle> => {
    const execText: NodeHandle['execText'] = (argv) => {
      const ip = argv[4] ?? ''
      asked.push(`${name} → ${ip}`)
      return Promise.resolve({
        exitCode: 0,
        stdout: `${answerOf?.(ip) ?? answers[name] ?? 'all'}\n`,
        stderr: '',
      })
    }
    return Promise.resolve({ name, execText } as NodeHandle)
  }
  const timeoutFactor = (): Promise<number> => Promise.resolve(1)
  const api = {
    list: () => Promise.resolve(typeof pods === 'function' ? pods() : pods),
  } as unknown as KubeApi
  const context = {
    record: { ...record, spec: { ...spec, network: { ...spec.network, cni } } },
    openNode,
    timeoutFactor,
  }
  await awaitPackets(context, api, names, signal)
  return asked
}

test.each([
  ['each node asks a pod on another one', onBoth, {}, ['q-cp-0 → 10.200.1.2', 'q-worker-0 → 10.200.0.2']],
  ['the only pod is asked from all others', onBoth.slice(0, 1), {}, ['q-worker-0 → 10.200.0.2']],
  [
    'a pod that is not Ready is not asked',
    [dnsPod('coredns-c', 'q-worker-0', '10.200.1.3', 'False')],
    {},
    [],
  ],
  ['without CoreDNS nobody asks', [], {}, []],
  ['one node has no other', onBoth, { names: ['q-cp-0'] }, []],
  ['a network that somebody else sets up is not asked', onBoth, { cni: 'none' }, []],
  ['nor that of a manifest', onBoth, { cni: 'https://example.test/cni.yaml' }, []],
  ['that of Cilium is', onBoth.slice(1), { cni: 'cilium=a.yaml' }, ['q-cp-0 → 10.200.1.2']],
])('%s', async (_what, pods, options, asked) => {
  expect(await run(pods, {}, options)).toEqual(asked)
})

test('a node that no packet leaves is named, with the port that its tunnel needs', async () => {
  await expect(run(onBoth, { 'q-worker-0': 'none' })).rejects.toMatchObject({
    code: 'prerequisite',
    message: 'no packet goes from node "q-worker-0" to pod "coredns-a" (10.200.0.2) on node "q-cp-0"',
    hint: expect.stringContaining('let UDP port 14789 through') as string,
  })
})

test('a network that drops large packets is told from one that drops all', async () => {
  await expect(run(onBoth, { 'q-cp-0': 'small' })).rejects.toMatchObject({
    message: 'only small packets go from node "q-cp-0" to pod "coredns-b" (10.200.1.2) on node "q-worker-0"',
    hint: expect.stringContaining('use a smaller network.mtu') as string,
  })
})

test('a pod that has gone meanwhile says nothing by its silence: the one that came is asked', async () => {
  const [first, ...others] = onBoth
  const pods = [onBoth, [dnsPod('coredns-new', 'q-cp-0', '10.200.0.9'), ...others]]
  const asked = await run(
    () => pods.shift() ?? [first],
    {},
    {},
    (ip) => (ip === '10.200.0.2' ? 'none' : 'all'),
  )
  expect(asked).toEqual([
    'q-cp-0 → 10.200.1.2',
    'q-worker-0 → 10.200.0.2',
    'q-cp-0 → 10.200.1.2',
    'q-worker-0 → 10.200.0.9',
  ])
})

test('what a node does not understand is told as that', async () => {
  await expect(run(onBoth, { 'q-cp-0': 'bash: no such device' })).rejects.toThrow('q-cp-0')
})
