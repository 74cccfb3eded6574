import { expect, it } from 'vitest'
import type { KubeApi, KubeObject, NodeSpec } from '@knest/core'
import { createPodNodeBackend } from './backend.js'

const { signal } = new AbortController()
const cluster = { name: 'q', namespace: 'knest-q' }
const node: NodeSpec = {
  cluster,
  clusterUid: '0',
  name: 'q-worker-0',
  role: 'worker',
  pool: 'worker',
  image: 'node:1',
  machine: { cpuCores: 2, memorySize: '4Gi', rootfsSize: '20Gi' },
  identity: undefined,
  hosts: [],
  reservation: undefined,
  persistent: false,
  storageClass: undefined,
  hostPatches: [],
}
const ours = { 'knest.dev/cluster': 'q', 'app.kubernetes.io/managed-by': 'knest' }

function object(kind: string, name: string, uid: string, metadata: object = {}): KubeObject {
  return {
    apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
    kind,
    metadata: { name, namespace: 'knest-q', uid, labels: ours, ...metadata },
  }
}
const set = object('StatefulSet', 'q-worker-0', 'set')
const pod = (uid: string, metadata: object = {}): KubeObject => object('Pod', 'q-worker-0-0', uid, metadata)
const ownedBy = (uid: string): object => ({
  ownerReferences: [
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'q-worker-0', uid, controller: true },
  ],
})

/** A host that has these objects; what comes in the place of a deleted pod is there at once. */
async function ensured(there: readonly KubeObject[], next?: KubeObject) {
  const deleted: unknown[] = []
  let pods = there.filter(({ kind }) => kind === 'Pod')
  const end = new Error('applied')
  const api: Partial<KubeApi> = {
    get: ({ kind }) => Promise.resolve(kind === 'Pod' ? pods[0] : there.find((one) => one.kind === kind)),
    delete: ({ kind }, name, _namespace, { preconditions }) => {
      deleted.push([kind, name, preconditions?.uid])
      pods = next === undefined ? [] : [next]
      return Promise.resolve(true)
    },
    waitFor: (_kind, _selector, done) =>
      done(pods) ? Promise.resolve(pods) : Promise.reject(new Error('waits for ever')),
    apply: () => Promise.reject(end),
  }
  const backend = createPodNodeBackend(api as KubeApi)
  await expect(backend.ensureNode(node, signal)).rejects.toBe(end)
  return deleted
}

const gone = [['Pod', 'q-worker-0-0', 'old']]

it.each<[string, readonly KubeObject[], unknown]>([
  ['nothing where there is no pod', [set], []],
  ['no pod of its StatefulSet', [set, pod('a', ownedBy('set'))], []],
  ['no pod without an owner, which the next StatefulSet adopts', [pod('a')], []],
  ['no pod of others', [pod('a', { ...ownedBy('other'), labels: { app: 'shop' } })], []],
  ['a pod whose StatefulSet is gone', [pod('old', ownedBy('gone'))], gone],
  ['a pod of the StatefulSet before', [set, pod('old', ownedBy('gone'))], gone],
])('before a node is made it deletes %s', async (_title, there, expected) => {
  expect(await ensured(there)).toEqual(expected)
})

it('leaves the pod alone that has its place by now, and waits for no end of it', async () => {
  expect(await ensured([set, pod('old', ownedBy('gone'))], pod('new', ownedBy('set')))).toEqual(gone)
})
