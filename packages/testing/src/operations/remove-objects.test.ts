import { describe, expect, test } from 'vitest'
import {
  createClusters,
  createKubernetesHome,
  labels,
  nestedClusterCrd,
  nestedClusterKind,
  ownedBy,
} from '@knest/core'
import type { KubeApi, KubeObject, ObjectMeta } from '@knest/core'
import { createFakeKubeApi } from '../fake-kube-api.js'
import { sampleSpec } from '../sample-spec.js'
import { never, run } from './fixture.js'

const ref = { name: 'q', namespace: 'team' }
const own = { name: 'q', namespace: 'knest-q' }

const core = ['Namespace', 'Service', 'Secret', 'ConfigMap'].map((kind) => ({ apiVersion: 'v1', kind }))
const statefulSet = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const collections: Readonly<Record<string, { readonly apiVersion: string; readonly kind: string }>> = {
  services: { apiVersion: 'v1', kind: 'Service' },
  secrets: { apiVersion: 'v1', kind: 'Secret' },
  configmaps: { apiVersion: 'v1', kind: 'ConfigMap' },
  statefulsets: statefulSet,
}

/** A host that says which kinds it has, and lists them. `refused`: a collection that may not be listed. */
async function host(refused?: string): Promise<KubeApi> {
  const memory = createFakeKubeApi([...core, statefulSet, definition, nestedClusterKind])
  const crd = nestedClusterCrd()
  await memory.create(
    {
      ...crd,
      metadata: { ...crd.metadata, annotations: { 'knest.dev/keep': 'true' } },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    },
    { signal: never },
  )
  const resources = (...names: readonly string[]): object[] =>
    names.map((resource) => ({ resource, scope: 'Namespaced', verbs: ['deletecollection'] }))
  const group = (name: string | undefined, ...names: readonly string[]): object => ({
    metadata: name === undefined ? {} : { name },
    versions: [{ version: 'v1', freshness: 'Current', resources: resources(...names) }],
  })
  return {
    ...memory,
    raw: async (path, signal, request) => {
      const said = (value: object): { status: number; body: string } => ({
        status: 200,
        body: JSON.stringify(value),
      })
      if (path === '/api') return said({ items: [group(undefined, 'services', 'secrets', 'configmaps')] })
      if (path === '/apis') return said({ items: [group('apps', 'statefulsets')] })
      const [, namespace, resource = ''] = /\/namespaces\/([^/]+)\/([^/]+)$/.exec(path) ?? []
      const kind = collections[resource]
      if (kind === undefined || (request?.method ?? 'GET') !== 'GET') return { status: 404, body: '' }
      if (resource === refused) return { status: 403, body: '' }
      return said({ items: await memory.list(kind, { namespace, signal }) })
    },
  }
}

const made = { [labels.cluster]: 'q', [labels.managedBy]: 'knest' }
const owner = { ownerReferences: [ownedBy('q', 'uid-of-a-record')] }

function object(kind: string, name: string, meta: Partial<ObjectMeta> = {}, apiVersion = 'v1'): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: ref.namespace, ...meta } }
}

async function left(api: KubeApi, namespace: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    Object.values(collections).map((kind) => api.list(kind, { namespace, signal: never })),
  )
  return lists
    .flat()
    .map(({ kind, metadata: { name } }) => `${kind} ${name}`)
    .sort()
}

/** What of the names and labels of a cluster is removed, with its record there and without. */
const rows: readonly (readonly [string, KubeObject, withRecord: boolean, withoutRecord: boolean])[] = [
  ['a Service of knest', object('Service', 'q-api', { labels: made, ...owner }), true, true],
  ['a Secret of knest', object('Secret', 'q-pki', { labels: made, ...owner }), true, true],
  ['one that was restored without its owner', object('Secret', 'q-pki', { labels: made }), true, false],
  [
    'a Service of render --standalone',
    object('Service', 'q-api', { labels: { [labels.cluster]: 'q' } }),
    false,
    false,
  ],
  [
    'a Secret of render --standalone',
    object('Secret', 'q-pki', { labels: { [labels.cluster]: 'q' } }),
    false,
    false,
  ],
  ['a Secret that only has the name', object('Secret', 'q-kubeconfig'), false, false],
  [
    'one that another tool manages',
    object('Service', 'q-lb', {
      labels: { [labels.cluster]: 'q', [labels.managedBy]: 'Helm' },
      ...owner,
    }),
    false,
    false,
  ],
  [
    'one of another cluster',
    object('Service', 'p-api', { labels: { ...made, [labels.cluster]: 'p' }, ...owner }),
    false,
    false,
  ],
]

describe('remove in a namespace of the user', () => {
  test.each(rows)('%s', async (_, found, withRecord, withoutRecord) => {
    for (const hasRecord of [true, false]) {
      const api = await host()
      const home = createKubernetesHome(api)
      await api.create({ ...core[0], metadata: { name: 'team' } } as KubeObject, { signal: never })
      if (hasRecord) await home.create(ref, sampleSpec, never)
      await api.create(found, { signal: never })
      await home.remove(ref, { keepData: false, signal: never })
      const isGone = (await left(api, 'team')).length === 0
      expect({ hasRecord, isGone }).toEqual({ hasRecord, isGone: hasRecord ? withRecord : withoutRecord })
      expect(await home.read(ref, never)).toBeUndefined()
    }
  })
})

const inOwn = (found: KubeObject): KubeObject => ({
  ...found,
  metadata: { ...found.metadata, namespace: own.namespace },
})
const trust = inOwn(object('ConfigMap', 'kube-root-ca.crt'))
const pki = inOwn(object('Secret', 'q-pki', { labels: made, ...owner }))
const unowned = { ...pki.metadata, ownerReferences: [] }
const standalone = inOwn(object('StatefulSet', 'q-cp-0', { labels: { [labels.cluster]: 'q' } }, 'apps/v1'))

/** What is in the namespace that knest made for a cluster whose record is gone, and whether it goes. */
const leftovers: readonly {
  readonly what: string
  readonly found: readonly KubeObject[]
  readonly goes: boolean
  readonly refused?: string
  /** What knest made, too. */
  readonly stays?: boolean
}[] = [
  { what: 'nothing', found: [trust], goes: true },
  { what: 'what knest made', found: [trust, pki], goes: true },
  // Nobody owns it: by its deletion policy, or it was deleted as an orphan.
  { what: 'keys that were left', found: [trust, { ...pki, metadata: unowned }], goes: false, stays: true },
  { what: 'a standalone cluster', found: [trust, pki, standalone], goes: false },
  { what: 'a Secret of the user', found: [trust, inOwn(object('Secret', 'mine'))], goes: false },
  { what: 'what cannot be seen', found: [trust], goes: false, refused: 'configmaps' },
]

describe('the namespace of a cluster', () => {
  const withoutRecord = async ({ found, refused }: (typeof leftovers)[number]): Promise<KubeApi> => {
    const api = await host(refused)
    await createKubernetesHome(api).create(own, sampleSpec, never)
    await api.delete(nestedClusterKind, 'q', own.namespace, { signal: never })
    for (const each of found) await api.create(each, { signal: never })
    return api
  }
  const isThere = async (api: KubeApi): Promise<boolean> =>
    (await api.get({ apiVersion: 'v1', kind: 'Namespace' }, own.namespace, undefined, never)) !== undefined

  test.each(leftovers)('goes when its record went before anybody looked, but for $what', async (row) => {
    const api = await withoutRecord(row)
    const before = await left(api, own.namespace)
    const clusters = createClusters({
      home: createKubernetesHome(api),
      backend: () => Promise.reject(new Error('no backend')),
    })
    await clusters.reconcile(own, run)
    expect(await isThere(api)).toBe(!row.goes)
    if (!row.goes) expect(await left(api, own.namespace)).toEqual(before)
  })

  test.each(['isRecordGone', 'wasAbsent'] as const)(
    'stays for a record that is there again by then: %s',
    async (why) => {
      const there = await withoutRecord({ what: '', found: [trust], goes: true })
      // While what is in the namespace is looked at.
      let again: Promise<unknown> | undefined
      const api: KubeApi = {
        ...there,
        raw: async (...given) => {
          await (again ??= createKubernetesHome(there).create(own, sampleSpec, never))
          return there.raw(...given)
        },
      }
      const home = createKubernetesHome(api)
      await home.remove(own, { keepData: false, signal: never, [why]: true })
      expect(await isThere(api)).toBe(true)
      await home.remove(own, { keepData: false, signal: never, [why]: true })
      expect(await home.read(own, never)).toMatchObject(own)
    },
  )

  test.each(leftovers)('without a record and with $what in it', async (row) => {
    const { found, goes, stays = false } = row
    const api = await withoutRecord(row)
    const home = createKubernetesHome(api)
    const shown = await home.placeAfter?.(own, never)
    expect(shown).toMatch(
      goes || stays ? `Delete namespace "${own.namespace}"` : `namespace "${own.namespace}" stays: `,
    )
    await home.remove(own, { keepData: false, signal: never })
    expect(await isThere(api)).toBe(!goes)
    if (!goes) expect((await left(api, own.namespace)).includes('Secret q-pki')).toBe(stays)
    if (found.includes(standalone)) expect(await left(api, own.namespace)).toContain('StatefulSet q-cp-0')
  })

  test('stays for another cluster in it', async () => {
    const api = await host()
    const home = createKubernetesHome(api)
    const other = { name: 'p', namespace: own.namespace }
    await home.create(own, sampleSpec, never)
    await home.create(other, sampleSpec, never)
    await home.remove(own, { keepData: false, signal: never })
    expect(await home.read(own, never)).toBeUndefined()
    expect(await home.read(other, never)).toMatchObject(other)
    const namespace = await api.get({ apiVersion: 'v1', kind: 'Namespace' }, own.namespace, undefined, never)
    expect(namespace).toBeDefined()
  })

  test('stays, with a word of why, for what somebody else has put there', async () => {
    const api = await host()
    const home = createKubernetesHome(api)
    await home.create(own, sampleSpec, never)
    await api.create(inOwn(object('Secret', 'mine')), { signal: never })
    const shown = await home.placeAfter?.(own, never)
    const notes: string[] = []
    await home.remove(own, { keepData: false, signal: never, note: (text) => notes.push(text) })
    expect(notes).toEqual([
      `namespace "${own.namespace}" stays: it has secrets "mine", which knest did not make`,
    ])
    expect(shown).toBe(notes[0])
    expect(await left(api, own.namespace)).toEqual(['Secret mine'])
    expect(await home.read(own, never)).toBeUndefined()
  })

  test.each([{ labels: {} }, { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }])(
    'that was there before is used as it is, and stays: $labels',
    async ({ labels }) => {
      const api = await host()
      const home = createKubernetesHome(api)
      const name = own.namespace
      const theirs = await api.create(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
        { signal: never },
      )
      await home.create(own, sampleSpec, never)
      expect(await home.placeAfter?.(own, never)).toBeUndefined()
      await home.remove(own, { keepData: false, signal: never })
      expect(await api.get({ apiVersion: 'v1', kind: 'Namespace' }, name, undefined, never)).toEqual(theirs)
    },
  )
})
