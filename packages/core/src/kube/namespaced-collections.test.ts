import { expect, test } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import { namespacedCollections } from './namespaced-collections.js'

const { signal } = new AbortController()

/** A host that answers the question for all of its groups so. */
function hostWith(groups: readonly object[]): KubeApi {
  const raw = (root: string) =>
    Promise.resolve({ status: 200, body: JSON.stringify({ items: root === '/api' ? [] : groups }) })
  return { raw } as unknown as KubeApi
}

function group(name: string, ...resources: readonly (readonly [string, readonly string[] | null])[]): object {
  const versions = [
    {
      version: 'v1',
      freshness: 'Current',
      resources: resources.map(([resource, verbs]) => ({ resource, scope: 'Namespaced', verbs })),
    },
  ]
  return { metadata: { name }, versions }
}

test.each([
  ['null, as of subresources.kubevirt.io', null],
  ['an empty list', []],
  ['without one that deletes all', ['get', 'list']],
])('a resource whose verbs are %s is no collection to be deleted', async (_, verbs) => {
  const host = hostWith([
    group('subresources.kubevirt.io', ['virtualmachineinstances', verbs]),
    group('kubevirt.io', ['virtualmachineinstances', ['deletecollection']]),
  ])
  expect(await namespacedCollections(host, 'team', signal)).toEqual([
    '/apis/kubevirt.io/v1/namespaces/team/virtualmachineinstances',
  ])
})
