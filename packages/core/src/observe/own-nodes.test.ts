import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { ownNodes } from './own-nodes.js'

const cluster = { name: 'c', namespace: 'knest-c' }
const byKubelet = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
const marked = { 'knest.dev/cluster': 'c' }

function node(name: string, labels = {}, annotations: Record<string, string> = byKubelet): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels, annotations } }
}

const there = [{ name: 'c-cp-0' }]
const own = (...objects: readonly KubeObject[]): readonly string[] =>
  ownNodes(cluster, objects, there).map(({ metadata }) => metadata.name)

describe('of a cluster whose nodes have the label', () => {
  const first = node('c-cp-0', marked)

  it.each([
    ['what a node left that is gone', node('c-worker-3', marked), true],
    ['a node of kwok', node('kwok-0', { type: 'kwok' }, { 'kwok.x-k8s.io/node': 'fake' }), false],
    ['a node of kwok that is called as ours', node('c-worker-3', {}, {}), false],
    ['a virtual kubelet', node('virtual', { type: 'virtual-kubelet' }, {}), false],
    ['a machine that was joined by hand', node('laptop'), false],
    ['one that was joined by hand and is called as ours', node('c-worker-3'), false],
    ['a node of another cluster of knest', node('d-worker-0', { 'knest.dev/cluster': 'd' }), false],
  ])('%s', (_title, object, isOwn) => {
    expect(own(first, object)).toEqual(isOwn ? ['c-cp-0', object.metadata.name] : ['c-cp-0'])
  })
})

describe('of a cluster that an earlier version made', () => {
  const first = node('c-cp-0')

  it.each([
    ['what a node left that is gone', node('c-worker-3'), true],
    ['what a node of a pool left that is gone', node('c-big-one-12'), true],
    ['a node of kwok', node('kwok-0', { type: 'kwok' }, {}), false],
    ['a node of kwok that is called as ours', node('c-worker-3', {}, {}), false],
    ['a machine that was joined by hand', node('laptop'), false],
    ['what a node of today left', node('c-worker-3', marked), true],
  ])('%s', (_title, object, isOwn) => {
    expect(own(first, object)).toEqual(isOwn ? ['c-cp-0', object.metadata.name] : ['c-cp-0'])
  })
})

it('the object of a node that is there is its own, whatever is written on it', () => {
  expect(own(node('c-cp-0', {}, {}))).toEqual(['c-cp-0'])
})
