import type { KubeApi, KubeObject, NodeSpec } from '@knest/core'
import { expect, test } from 'vitest'
import { changeImage } from './change-image.js'

const { signal } = new AbortController()
const spec = { cluster: { name: 'q', namespace: 'knest-q' }, name: 'q-cp-0' } as NodeSpec
const running = { running: {} }

function pod(image: string, containerID: string, state: object = running): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'q-cp-0-0', namespace: 'knest-q' },
    spec: { containers: [{ name: 'node', image }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'node', ready: true, containerID, state }] },
  }
}

/** A host that shows these pods one after another when the first one's image is changed. */
function host(first: KubeObject | undefined, ...then: readonly KubeObject[]) {
  const applied: KubeObject[] = []
  const api: Pick<KubeApi, 'get' | 'apply' | 'waitFor'> = {
    get: () => Promise.resolve(first),
    apply: (object) => {
      applied.push(object)
      return Promise.resolve(object)
    },
    waitFor: (_kind, _selector, done) => {
      const end = then.find((seen) => done([seen]))
      return end === undefined ? Promise.reject(new Error('waits for ever')) : Promise.resolve([end])
    },
  }
  return { applied, change: (image: string) => changeImage(api as KubeApi, spec, image, signal) }
}

test.each([
  ['there is no pod', undefined],
  ['it has the image', pod('new', 'a')],
  [
    'it is going: its successor has the image',
    { ...pod('old', 'a'), metadata: { name: 'x', deletionTimestamp: '1' } },
  ],
])('nothing is done when %s', async (_what, first) => {
  const { applied, change } = host(first)
  await change('new')
  expect(applied).toEqual([])
})

test('the pod stays, and another container runs in the end', async () => {
  const starting = pod('new', 'a', { waiting: { reason: 'ContainerCreating' } })
  const { applied, change } = host(pod('old', 'a'), pod('new', 'a'), starting, pod('new', 'b'))
  await change('new')
  expect(applied.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([['Pod', 'q-cp-0-0']])
  expect(applied[0]?.spec).toEqual({ containers: [{ name: 'node', image: 'new' }] })
})

test('a host that still runs the old container is waited for', async () => {
  await expect(host(pod('old', 'a'), pod('new', 'a')).change('new')).rejects.toThrow('waits for ever')
})

test('what was wrong with the image before does not count', async () => {
  const missing = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "old"' } }
  const { change } = host(pod('old', 'a', missing), pod('new', 'a', missing), pod('new', 'b'))
  await change('new')
})

test('a host without the image is told, and what to do', async () => {
  const stuck = pod('new', 'a', { waiting: { reason: 'ErrImagePull', message: 'not found' } })
  await expect(host(pod('old', 'a'), stuck).change('new')).rejects.toMatchObject({
    code: 'prerequisite',
    message: 'node "q-cp-0" cannot run image "new": ErrImagePull: not found',
  })
})
