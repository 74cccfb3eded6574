import { describe, expect, test } from 'vitest'
import {
  controllerObjects,
  ensureController,
  findController,
  installController,
  uninstallController,
} from '@knest/controller'
import { KnestError, nestedClusterCrd, nestedClusterKind, silentProgress } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'
import { createFakeKubeApi } from './fake-kube-api.js'

const { signal } = new AbortController()
const run = { signal, timeoutMs: 5_000, progress: silentProgress }
const image = 'r.test/controller:1'

const applied = controllerObjects({ image })
const crd = nestedClusterCrd()
const used: readonly KindRef[] = [
  ...applied,
  crd,
  nestedClusterKind,
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
]
const kinds = [
  ...new Map(used.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }])).values(),
]
const nameOf = ({ kind, metadata: { name } }: KubeObject): string => `${kind} "${name}"`
const named = (objects: readonly KubeObject[]): readonly (readonly [string, KubeObject])[] =>
  objects.map((object) => [nameOf(object), object])

/** A host that says what its namespaces hold. */
function host(): KubeApi {
  const memory = createFakeKubeApi(kinds)
  const configMaps = [{ resource: 'configmaps', scope: 'Namespaced', verbs: ['deletecollection'] }]
  const groups = {
    items: [{ metadata: {}, versions: [{ version: 'v1', freshness: 'Current', resources: configMaps }] }],
  }
  const said = (body: object): { status: number; body: string } => ({
    status: 200,
    body: JSON.stringify(body),
  })
  return {
    ...memory,
    raw: async (path, _signal, request) => {
      if (path === '/api') return said(groups)
      if (path === '/apis') return said({ items: [] })
      const [, namespace] = /\/namespaces\/([^/]+)\/configmaps$/.exec(path) ?? []
      if (request?.method === 'DELETE') return { status: 405, body: '' }
      return said({
        items: await memory.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace, signal }),
      })
    },
  }
}

async function everything(api: KubeApi): Promise<readonly KubeObject[]> {
  return (await Promise.all(kinds.map((kind) => api.list(kind, { signal })))).flat()
}

/** One of that kind and name which somebody else made. */
function foreign({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): KubeObject {
  const labels = { 'app.kubernetes.io/managed-by': 'Helm' }
  return { apiVersion, kind, metadata: { name, ...(namespace && { namespace }), labels }, data: { a: 'b' } }
}

async function withDefinition(): Promise<KubeApi> {
  const api = host()
  const status = { conditions: [{ type: 'Established', status: 'True' }] }
  await api.create({ ...crd, status }, { signal })
  return api
}

describe('an object of somebody else under a name that the controller’s objects have', () => {
  test.each(named([...applied, crd]))('%s: named, nothing made, and unchanged', async (name, object) => {
    const api = host()
    await api.create(foreign(object), { signal })
    const before = await everything(api)
    const refusal = { code: 'already-exists', message: expect.stringContaining(name) as string }
    await expect(installController(api, { image }, run)).rejects.toMatchObject(refusal)
    if (object !== crd) await expect(ensureController(api, { image }, signal)).rejects.toMatchObject(refusal)
    expect(await findController(api, signal)).toBeUndefined()
    await uninstallController(api, run)
    expect(await everything(api)).toEqual(before)
  })

  test.each(named(applied.filter(({ kind }) => kind !== 'Namespace')))(
    '%s: stays when the controller goes',
    async (name, object) => {
      const api = await withDefinition()
      await ensureController(api, { image }, signal)
      await api.delete(object, object.metadata.name, object.metadata.namespace, { signal })
      const theirs = await api.create(foreign(object), { signal })
      await uninstallController(api, run)
      const left = await everything(api)
      expect(left).toContainEqual(theirs)
      expect(left.map(nameOf).sort()).toEqual([nameOf(crd), name].sort())
    },
  )

  test('one of another name in the controller’s namespace keeps that, and is told of', async () => {
    const api = await withDefinition()
    await ensureController(api, { image }, signal)
    const mine = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'mine', namespace: 'knest-system' },
    }
    await api.create(mine, { signal })
    const notes: string[] = []
    const progress = {
      ...silentProgress,
      phase: <T>(_title: string, work: (inner: typeof silentProgress) => Promise<T>): Promise<T> =>
        work({ ...silentProgress, note: (text: string) => void notes.push(text) }),
    }
    await uninstallController(api, { ...run, progress })
    expect((await everything(api)).map(nameOf).sort()).toEqual(
      [nameOf(crd), 'ConfigMap "mine"', 'Namespace "knest-system"'].sort(),
    )
    expect(notes).toEqual([
      'namespace "knest-system" stays: it has configmaps "mine", which knest did not make',
    ])
  })
})

describe('who may not take all of the controller away', () => {
  const denied = (message: string): Promise<never> => Promise.reject(new KnestError('not-permitted', message))
  const policies = 'validatingadmissionpolicies'

  test.each<readonly [string, (api: KubeApi) => Partial<KubeApi>, RegExp]>([
    [
      'may not delete a policy',
      (api) => ({
        canI: (access, given) =>
          access.resource === policies ? Promise.resolve(false) : api.canI(access, given),
      }),
      /^you may not delete validatingadmissionpolicies on the host,.*: nothing was removed$/,
    ],
    [
      'may not look at some kinds',
      (api) => ({
        get: (kind, ...given) =>
          /^(Validating|ClusterRole$)/.test(kind.kind) ? denied('no') : api.get(kind, ...given),
      }),
      /^you may not get validatingadmissionpolicies, get validatingadmissionpolicybindings, get clusterroles on/,
    ],
    [
      'may not let go of clusters',
      () => ({
        canI: ({ resource, verb }) => Promise.resolve(resource !== 'nestedclusters' || verb !== 'patch'),
      }),
      /^you may not patch nestedclusters on the host/,
    ],
  ])('%s: removes nothing, and can run it again with the rights', async (_, change, message) => {
    const api = await withDefinition()
    await ensureController(api, { image }, signal)
    const before = await everything(api)
    const refused = uninstallController({ ...api, ...change(api) }, run)
    await expect(refused).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringMatching(message) as string,
    })
    expect(await everything(api)).toEqual(before)
    await uninstallController(api, run)
    expect((await everything(api)).map(nameOf)).toEqual([nameOf(crd)])
    await uninstallController(api, run)
  })
})
