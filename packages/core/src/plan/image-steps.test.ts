import { describe, expect, test } from 'vitest'
import type { ClusterRef } from '../contracts/cluster.js'
import type { LoadedImage } from '../contracts/images.js'
import { fakeNode } from './fake-node.js'
import { fakeSpec } from './fake-spec.js'
import { wantedImages, withImages } from './loaded-images.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import { planCluster } from './plan.js'

const ref: ClusterRef = { name: 'c', namespace: 'knest-c' }
const app: LoadedImage = { name: 'docker.io/library/app:dev', digest: 'sha256:a', id: 'a' }
const newer: LoadedImage = { ...app, digest: 'sha256:b', id: 'b' }

function observed(
  nodes: readonly ObservedNode[],
  loaded: readonly LoadedImage[],
  present: Readonly<Record<string, readonly LoadedImage[]>>,
): ObservedCluster {
  const images = { loaded, present: new Map(Object.entries(present)) }
  return { nodes, members: nodes.map(({ name }) => name), addonsInstalled: true, images }
}

const copies = (workers: number, there: ObservedCluster): readonly object[] =>
  planCluster(ref, fakeSpec(1, workers), there).filter(({ kind }) => kind === 'load-images')

describe('the plan of a cluster with loaded images', () => {
  const both = [fakeNode('c-cp-0'), fakeNode('c-worker-0')]

  test('copies nothing when each node has them, or nothing was loaded', () => {
    expect(copies(1, observed(both, [app], { 'c-cp-0': [app], 'c-worker-0': [app] }))).toEqual([])
    expect(copies(2, { ...observed(both, [], {}), images: undefined })).toEqual([])
  })

  test('has a new worker join when it has them, which it gets when the API is there', () => {
    const there = observed(both, [app], { 'c-cp-0': [app], 'c-worker-0': [app] })
    const steps = planCluster(ref, fakeSpec(1, 2), there)
    expect(steps.find(({ id }) => id === 'images:c-worker-1')).toMatchObject({
      title: 'Copy loaded images to "c-worker-1": app:dev',
      needs: ['node:c-worker-1', 'api'],
      images: [{ ...app, from: ['c-cp-0', 'c-worker-0'] }],
    })
    expect(steps.find(({ id }) => id === 'join:c-worker-1')?.needs).toContain('images:c-worker-1')
    expect(steps.find(({ id }) => id === 'ready')?.needs).toContain('images:c-worker-1')
  })

  test('has a new control plane join when it has them', () => {
    const there = observed(both, [app], { 'c-cp-0': [app] })
    const steps = planCluster(ref, fakeSpec(3, 1), there)
    for (const name of ['c-cp-1', 'c-cp-2'])
      expect(steps.find(({ id }) => id === `join:${name}`)?.needs).toContain(`images:${name}`)
  })

  test('copies to a node that lacks one, or has another by that name', () => {
    const there = observed(both, [newer], { 'c-cp-0': [newer], 'c-worker-0': [app] })
    expect(copies(1, there)).toMatchObject([
      { node: 'c-worker-0', needs: [], images: [{ digest: 'sha256:b', from: ['c-cp-0'] }] },
    ])
  })

  test('takes a disk that is empty for one without images, whatever was seen', () => {
    const nodes = [fakeNode('c-cp-0'), fakeNode('c-worker-0', { disk: 'empty' })]
    const there = observed(nodes, [app], { 'c-cp-0': [app], 'c-worker-0': [] })
    expect(copies(1, there)).toMatchObject([{ node: 'c-worker-0', images: [{ from: ['c-cp-0'] }] }])
  })

  test('leaves a node alone that gave no answer, and an image that nobody has', () => {
    const silent = [fakeNode('c-cp-0'), fakeNode('c-worker-0', { silent: true, disk: undefined })]
    expect(copies(1, observed(silent, [app], { 'c-cp-0': [app] }))).toEqual([])
    expect(copies(2, observed(both, [app], { 'c-cp-0': [], 'c-worker-0': [] }))).toEqual([])
  })

  test('asks nodes last that are to go', () => {
    const nodes = [...both, fakeNode('c-worker-1'), fakeNode('c-worker-2')]
    const there = observed(nodes, [app], { 'c-worker-2': [app], 'c-worker-1': [], 'c-cp-0': [app] })
    const spec = fakeSpec(1, 2)
    const step = planCluster(ref, spec, there).find(({ id }) => id === 'images:c-worker-1')
    expect(step).toMatchObject({ images: [{ from: ['c-cp-0', 'c-worker-2'] }] })
  })

  test('waits until a node is upgraded that is restarted for it', () => {
    const nodes = [fakeNode('c-cp-0', { version: '1.35.4' }), fakeNode('c-worker-0', { version: '1.35.3' })]
    const there = observed(nodes, [app], { 'c-cp-0': [app], 'c-worker-0': [] })
    expect(copies(1, there)).toMatchObject([{ needs: ['upgrade:c-worker-0'] }])
  })
})

describe('what belongs to a cluster', () => {
  const worker = { name: 'c-worker-0', pool: 'worker' }
  const gpu = { name: 'c-gpu-0', pool: 'gpu' }
  const names = (images: readonly LoadedImage[], of: typeof worker): readonly string[] =>
    wantedImages(images, of).map(({ digest }) => digest)

  test('is for all nodes, or for those that were chosen', () => {
    const images = withImages([app], [{ ...newer, name: 'tool:1', pools: ['gpu'] }])
    expect(names(images, worker)).toEqual(['sha256:a'])
    expect(names(images, gpu)).toEqual(['sha256:a', 'sha256:b'])
  })

  test('is what was loaded last under a name, node by node', () => {
    const images = withImages([app], [{ ...newer, nodes: ['c-gpu-0'] }])
    expect(names(images, worker)).toEqual(['sha256:a'])
    expect(names(images, gpu)).toEqual(['sha256:b'])
    expect(withImages(images, [newer])).toEqual([newer])
    expect(withImages(images, [{ ...app, nodes: ['c-gpu-0', 'c-worker-0'] }])).toEqual([
      app,
      { ...app, nodes: ['c-gpu-0', 'c-worker-0'] },
    ])
  })
})
