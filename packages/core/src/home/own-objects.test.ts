import { describe, expect, it, test } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'
import { fakeSpec } from '../plan/fake-spec.js'
import { foreignObjects, othersIn } from './own-objects.js'
import { ownObjectsToBe } from './own-objects-to-be.js'

const spec = fakeSpec(3, 1)
const authorities = Object.fromEntries(
  ['ca', 'front-proxy-ca', 'etcd-ca']
    .flatMap((name) => [`${name}.crt`, `${name}.key`])
    .concat('sa.pub', 'sa.key')
    .map((key) => [key, '']),
)
const ref = { name: 'q', namespace: 'team' }
const made = { [labels.cluster]: 'q', [labels.managedBy]: 'knest' }

test.each([
  ['nothing', [], []],
  ['what knest made', [['Service', 'q-api', made]], []],
  ['a standalone cluster', [['Service', 'q-cp-0', { [labels.cluster]: 'q' }]], ['Service "q-cp-0"']],
  ['an identity of a later control plane', [['Service', 'q-cp-2', undefined]], ['Service "q-cp-2"']],
  ['a Lease', [['Lease', 'q-lock', undefined]], ['Lease "q-lock"']],
  ['what somebody made', [['Secret', 'q-kubeconfig', undefined]], ['Secret "q-kubeconfig"']],
  [
    'what knest made for another',
    [['Service', 'q-api', { ...made, [labels.cluster]: 'p' }]],
    ['Service "q-api"'],
  ],
  ['a Secret that holds no authorities', [['Secret', 'q-pki', undefined]], ['Secret "q-pki"']],
  // Keys of one's own are taken as they are.
  ['authorities of one’s own', [['Secret', 'q-pki', undefined, authorities]], []],
] as const)('before a cluster is created: %s', (_, there, expected) => {
  const objects = ownObjectsToBe(ref, spec)
  const found = there.flatMap(([kind, name, marks, data]) => {
    const wanted = objects.find((object) => object.kind === kind && object.metadata.name === name)
    if (wanted === undefined) throw new Error(`no ${kind} "${name}" would be made`)
    const { apiVersion } = wanted
    const metadata = { name, labels: marks }
    return [[wanted, { apiVersion, kind, metadata, data } as Partial<KubeObject> as KubeObject]] as const
  })
  expect(foreignObjects(ref, new Map(found))).toEqual(expected)
})

describe('othersIn', () => {
  const signal = new AbortController().signal
  const verbs = ['list', 'deletecollection']
  const resources = (...names: readonly string[]) => [
    {
      version: 'v1',
      freshness: 'Current',
      resources: names.map((resource) => ({ resource, scope: 'Namespaced', verbs })),
    },
  ]
  /** A host whose namespace has these objects by resource; 403 stands for a resource that may not be listed. */
  const hostWith = (there: Readonly<Record<string, readonly object[] | 403>>) => {
    const raw: KubeApi['raw'] = (path) => {
      const answer = (body: unknown, status = 200) => Promise.resolve({ status, body: JSON.stringify(body) })
      if (path === '/api')
        return answer({
          items: [{ metadata: {}, versions: resources('secrets', 'configmaps', 'pods', 'events') }],
        })
      if (path === '/apis')
        return answer({ items: [{ metadata: { name: 'knest.dev' }, versions: resources('nestedclusters') }] })
      const found = there[path.split('/').at(-1) ?? ''] ?? []
      return found === 403 ? answer({}, 403) : answer({ items: found.map((metadata) => ({ metadata })) })
    }
    return { raw } as unknown as KubeApi
  }
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'q-cp-0', uid: 'u' }

  it.each([
    ['nothing', {}, []],
    ['what knest made', { secrets: [{ name: 'q-pki', labels: made }] }, []],
    ['what belongs to something else there', { pods: [{ name: 'q-cp-0-0', ownerReferences: [owner] }] }, []],
    [
      'what every namespace has',
      { configmaps: [{ name: 'kube-root-ca.crt' }], events: [{ name: 'any' }] },
      [],
    ],
    ['the record of a declared cluster', { nestedclusters: [{ name: 'q' }] }, []],
    [
      'another cluster',
      { nestedclusters: [{ name: 'p', labels: { ...made, [labels.cluster]: 'p' } }] },
      ['nestedclusters "p"'],
    ],
    [
      'a ConfigMap of somebody',
      { configmaps: [{ name: 'mine' }, { name: 'kube-root-ca.crt' }] },
      ['configmaps "mine"'],
    ],
    ['a resource that may not be listed', { secrets: 403 }, undefined],
    ['that, and a pod of somebody', { secrets: 403, pods: [{ name: 'mine' }] }, ['pods "mine"']],
  ] as const)('%s', async (_, there, expected) => {
    expect(await othersIn(hostWith(there), ref, signal)).toEqual(expected)
  })
})
