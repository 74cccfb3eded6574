import { expect, it } from 'vitest'
import { controllerRules } from '@knest/controller'
import { createFakeKubeApi } from './fake-kube-api.js'
import { withRights } from './rights.js'

const { signal } = new AbortController()
const pod = { apiVersion: 'v1', kind: 'Pod' }
const set = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const object = { ...pod, metadata: { name: 'a', namespace: 'n' } }

it('lets through what a rule has, and refuses every other group, kind and verb before it is done', async () => {
  const refused: string[] = []
  const api = withRights(
    createFakeKubeApi([pod, set]),
    [
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'create', 'list'] },
      { apiGroups: ['apps'], resources: ['pods'], verbs: ['delete', 'watch', 'patch'] },
    ],
    (right) => refused.push(right),
  )
  await api.create(object, { signal })
  expect(await api.get(pod, 'a', 'n', signal)).toBeDefined()
  const code = { code: 'not-permitted' }
  await expect(api.delete(pod, 'a', 'n', { signal })).rejects.toMatchObject(code)
  await expect(api.apply(object, { signal })).rejects.toMatchObject(code)
  await expect(api.patch(pod, 'a', 'n', {}, { signal, subresource: 'status' })).rejects.toMatchObject(code)
  await expect(api.get(set, 'a', 'n', signal)).rejects.toMatchObject(code)
  await expect(
    api.waitFor(pod, {}, () => true, { signal, timeoutMs: 1, awaited: '', describe: () => '' }),
  ).rejects.toMatchObject(code)
  expect(await api.list(pod, { signal })).toHaveLength(1)
  expect(refused).toEqual([
    'delete pods',
    'patch pods',
    'patch pods/status',
    'get statefulsets.apps',
    'watch pods',
  ])
})

it('lets the controller wait for the volume of a node it has deleted', async () => {
  const volume = { apiVersion: 'v1', kind: 'PersistentVolume' }
  const api = withRights(createFakeKubeApi([volume]), controllerRules)
  const wait = { signal, timeoutMs: 1_000, awaited: 'no volume', describe: () => '' }
  expect(await api.waitFor(volume, {}, ({ length }) => length === 0, wait)).toEqual([])
})
