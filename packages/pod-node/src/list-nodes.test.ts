import { expect, it } from 'vitest'
import type { KubeApi, KubeObject, NodeStatus } from '@knest/core'
import { createPodNodeBackend } from './backend.js'

const { signal } = new AbortController()
const labels = { 'knest.dev/cluster': 'q', 'knest.dev/node': 'q-cp-0', 'knest.dev/role': 'control-plane' }

function object(apiVersion: string, kind: string, name: string, status: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: 'knest-q', labels }, status }
}

const plain = object('apps/v1', 'StatefulSet', 'q-cp-0')
const set = { ...plain, metadata: { ...plain.metadata, uid: 'set' } }
const scaledToNone = { ...set, spec: { replicas: 0, template: { spec: { containers: [] } } } }
const claim = object('v1', 'PersistentVolumeClaim', 'disk-q-cp-0-0')
const pod = (status: object): KubeObject => object('v1', 'Pod', 'q-cp-0-0', status)
const running = pod({
  phase: 'Running',
  containerStatuses: [{ name: 'node', ready: true, state: { running: {} } }],
})
const failed = pod({ phase: 'Failed', reason: 'Evicted' })
const pending = pod({ phase: 'Pending', conditions: [] })
const ending = { ...running, metadata: { ...running.metadata, deletionTimestamp: '2026-11-29T07:53:57Z' } }
const ownedBy = (uid: string): KubeObject => {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'q-cp-0', uid, controller: true }
  return { ...running, metadata: { ...running.metadata, ownerReferences: [owner] } }
}

/** Not found by its labels. */
const unmarked = { ...set, metadata: { ...set.metadata, labels: {} } }
/** Made after StatefulSets were listed. */
const late = { ...set, metadata: { ...set.metadata, uid: 'late' } }

function listed(there: readonly KubeObject[]): Promise<readonly NodeStatus[]> {
  const isListed = (each: KubeObject) => each !== unmarked && each !== late
  const api: Pick<KubeApi, 'get' | 'list'> = {
    get: ({ kind }, name) =>
      Promise.resolve(there.find((each) => each.kind === kind && each.metadata.name === name)),
    list: ({ kind }) => Promise.resolve(there.filter((each) => each.kind === kind && isListed(each))),
  }
  return createPodNodeBackend(api as KubeApi).listNodes({ name: 'q', namespace: 'knest-q' }, signal)
}

it.each([
  ['a claim', [claim], true, 'pending'],
  ['a pod that has ended, and its claim', [claim, failed], true, 'failed'],
  ['a pod that is still running', [claim, running], false, 'running'],
  ['a pod that is still to start', [claim, pending], false, 'pending'],
  ['all', [set, claim, running], false, 'running'],
  ['a StatefulSet whose pod has ended', [set, claim, failed], false, 'failed'],
  ['a StatefulSet without a pod', [set, claim], false, 'pending'],
  ['a StatefulSet scaled to 0', [scaledToNone, claim], true, 'pending'],
  ['a StatefulSet scaled to 0 whose pod is going', [scaledToNone, claim, ending], true, 'deleting'],
  ['a StatefulSet scaled to 0 whose pod still runs', [scaledToNone, claim, running], false, 'running'],
  ['a pod that is being deleted', [claim, ending], true, 'deleting'],
  ['a StatefulSet whose pod is being deleted', [set, ending], false, 'deleting'],
  ['a pod whose StatefulSet is gone', [claim, ownedBy('gone')], true, 'deleting'],
  ['a pod of the StatefulSet before', [set, ownedBy('gone')], false, 'deleting'],
  ['a pod and its StatefulSet', [set, ownedBy('set')], false, 'running'],
  ['a pod and a StatefulSet without its labels', [unmarked, ownedBy('set')], false, 'running'],
  ['a pod and a StatefulSet that was made meanwhile', [late, ownedBy('late')], false, 'running'],
])(
  'knows whether the host brings a node back of which there is %s',
  async (_title, there, abandoned, phase) => {
    expect(await listed(there)).toMatchObject([{ name: 'q-cp-0', role: 'control-plane', phase, abandoned }])
  },
)

it('knows a disk that stays only as long as its node has it in use', async () => {
  const deleted = { ...claim, metadata: { ...claim.metadata, deletionTimestamp: '2026-11-29T07:53:57Z' } }
  expect(await listed([set, claim, running])).toMatchObject([{ phase: 'running', diskGoing: false }])
  expect(await listed([set, deleted, running])).toMatchObject([{ phase: 'running', diskGoing: true }])
})

it('asks for the nodes of all clusters at once, and keeps them apart', async () => {
  const of = (namespace: string, cluster: string, each: KubeObject): KubeObject => ({
    ...each,
    metadata: { ...each.metadata, namespace, labels: { ...labels, 'knest.dev/cluster': cluster } },
  })
  const there = [
    of('knest-q', 'q', set),
    of('knest-q', 'q', running),
    // A namespace may have several, and another cluster may have nodes of the same names.
    of('knest-q', 'p', claim),
    of('team', 'q', set),
  ]
  const asked: (string | undefined)[] = []
  const api: Pick<KubeApi, 'list'> = {
    list: ({ kind }, { namespace }) => {
      asked.push(namespace)
      return Promise.resolve(there.filter((each) => each.kind === kind))
    },
  }
  const all = await createPodNodeBackend(api as KubeApi).listAllNodes?.(signal)
  expect(asked).toEqual([undefined, undefined, undefined])
  const told = [...(all ?? [])].map(([cluster, nodes]) => [cluster, nodes.map(({ phase }) => phase)])
  expect(Object.fromEntries(told)).toEqual({
    'knest-q/q': ['running'],
    'knest-q/p': ['pending'],
    'team/q': ['pending'],
  })
})
