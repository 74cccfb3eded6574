import { controllerBinding, KnestError, silentProgress } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { bindController } from './bindings.js'
import { ensureController, installController, removeUnusedController } from './install.js'
import { allNamespacesBinding, controllerObjects } from './manifests.js'
import { uninstallController } from './uninstall.js'

const image = 'controller:v1'
const going = { name: 'a', namespace: 'knest-a' }
const run = { progress: silentProgress, signal: new AbortController().signal, timeoutMs: 1_000 }

const cluster = (name: string): KubeObject => ({
  apiVersion: 'knest.dev/v1alpha1',
  kind: 'NestedCluster',
  metadata: { name, namespace: `knest-${name}`, uid: `uid-of-${name}` },
})

/** A host that has what is applied to it and tells what was deleted; whatever is waited for is so. */
function hostWith(...objects: KubeObject[]) {
  const deleted: string[] = []
  const api: Partial<KubeApi> = {
    apply: (object) => {
      objects.push(object)
      return Promise.resolve(object)
    },
    get: ({ kind }, name) =>
      Promise.resolve(objects.findLast((object) => object.kind === kind && object.metadata.name === name)),
    list: ({ kind }) => Promise.resolve(objects.filter((object) => object.kind === kind)),
    delete: ({ kind }, name) => {
      deleted.push(`${kind} ${name}`)
      return Promise.resolve(true)
    },
    canI: () => Promise.resolve(true),
    patch: (object) => Promise.resolve(object as KubeObject),
    waitFor: () => Promise.resolve([]),
    // It knows no kinds that a namespace could hold besides.
    raw: () => Promise.resolve({ status: 200, body: '{"items":[]}' }),
  }
  return { api: api as KubeApi, deleted }
}

describe('dismissController', () => {
  it('takes one that came with a cluster away with the last, and only then', async () => {
    const shared = hostWith(cluster('a'), cluster('b'))
    await ensureController(shared.api, { image }, run.signal)
    await removeUnusedController(shared.api, going, run)
    expect(shared.deleted).toEqual([])

    const last = hostWith(cluster('a'))
    await ensureController(last.api, { image }, run.signal)
    await removeUnusedController(last.api, going, run)
    expect(last.deleted).toContain('Deployment knest-controller')
    expect(last.deleted).toContain('ClusterRole knest-controller')
    expect(last.deleted).toContain('Namespace knest-system')
  })

  it('leaves one that was installed', async () => {
    const { api, deleted } = hostWith(cluster('a'), ...controllerObjects({ image }))
    await removeUnusedController(api, going, run)
    expect(deleted).toEqual([])
  })
})

describe('the bindings of the controller', () => {
  const bindingsOf = (objects: readonly KubeObject[]): readonly string[] =>
    objects
      .filter(
        ({ kind, metadata }) => kind === 'RoleBinding' && metadata.namespace?.startsWith('knest-') === true,
      )
      .filter(({ metadata }) => metadata.namespace !== 'knest-system')
      .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)

  it('are made for all clusters that are there by who installs it, before an older one loses its rights', async () => {
    const applied: KubeObject[] = []
    const { api } = hostWith(cluster('a'), cluster('b'))
    const watched: KubeApi = {
      ...api,
      apply: (object, options) => {
        applied.push(object)
        return api.apply(object, options)
      },
    }
    await installController(watched, { image }, run)
    expect(bindingsOf(applied)).toEqual(['knest-a/a-controller', 'knest-b/b-controller'])
    const names = applied.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(names.indexOf('ClusterRole knest-controller')).toBeGreaterThan(
      names.indexOf('RoleBinding b-controller'),
    )
    expect(names.indexOf('ClusterRole knest-cluster')).toBeLessThan(names.indexOf('RoleBinding a-controller'))
    expect(names).not.toContain('ClusterRoleBinding knest-cluster')
  })

  it('are made by one that comes with a cluster, too, for those that were there without', async () => {
    const { api } = hostWith(cluster('a'), cluster('b'))
    await ensureController(api, { image }, run.signal)
    for (const name of ['a', 'b']) {
      const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' }
      const binding = await api.get(kind, `${name}-controller`, `knest-${name}`, run.signal)
      expect(binding?.metadata.ownerReferences).toMatchObject([{ uid: `uid-of-${name}` }])
    }
  })

  it('go with the record of their cluster, and are not made twice', async () => {
    const objects: KubeObject[] = [cluster('a'), ...controllerObjects({ image })]
    const { api } = hostWith(...objects)
    await bindController(api, going, run.signal)
    const binding = await api.get(
      { apiVersion: 'v1', kind: 'RoleBinding' },
      'a-controller',
      'knest-a',
      run.signal,
    )
    expect(binding?.metadata.ownerReferences).toMatchObject([{ kind: 'NestedCluster', uid: 'uid-of-a' }])
    const refusing: KubeApi = { ...api, apply: () => Promise.reject(new Error('applied again')) }
    await expect(bindController(refusing, going, run.signal)).resolves.toBeUndefined()
  })

  it('are there before their cluster where it is made next, and then go with it', async () => {
    const { api } = hostWith(...controllerObjects({ image }))
    const kind = { apiVersion: 'v1', kind: 'RoleBinding' }
    const owners = async (): Promise<unknown> => {
      const found = await api.get(kind, 'a-controller', 'knest-a', run.signal)
      return found && (found.metadata.ownerReferences ?? []).map(({ uid }) => uid)
    }
    await bindController(api, going, run.signal)
    expect(await owners()).toBeUndefined()
    await bindController(api, going, run.signal, true)
    expect(await owners()).toEqual([])
    await api.apply(cluster('a'), { signal: run.signal })
    await bindController(api, going, run.signal, true)
    expect(await owners()).toEqual(['uid-of-a'])
  })

  it('are not needed by one that has the whole host, which another install takes back', async () => {
    const { api, deleted } = hostWith(cluster('a'))
    await installController(api, { image, allNamespaces: true }, run)
    expect(deleted).toEqual([])
    const refusing: KubeApi = { ...api, apply: () => Promise.reject(new Error('applied')) }
    await expect(bindController(refusing, going, run.signal)).resolves.toBeUndefined()
    await installController(api, { image }, run)
    expect(deleted).toEqual(['ClusterRoleBinding knest-cluster'])
  })

  it('of the whole host are taken back by who brings a controller where an uninstall left them', async () => {
    const { api, deleted } = hostWith(allNamespacesBinding())
    await ensureController(api, { image }, run.signal)
    expect(deleted).toEqual(['ClusterRoleBinding knest-cluster'])
  })

  it.each([
    ['a namespace that is being deleted', new KnestError('not-permitted', 'it is being terminated')],
    ['a namespace that is gone', new KnestError('not-found', 'namespaces "knest-a" not found')],
  ])('are left out in %s', async (_, error) => {
    const { api } = hostWith(cluster('a'))
    const refusing: KubeApi = { ...api, apply: () => Promise.reject(error) }
    await expect(bindController(refusing, going, run.signal)).resolves.toBeUndefined()
  })

  it.each([
    ['knest made and nobody owns', {}, 'not-permitted'],
    ['has labels of another tool', { 'app.kubernetes.io/managed-by': 'Helm' }, 'already-exists'],
  ] as const)('are there when one binds that %s', async (_, changed, code) => {
    const { api } = hostWith(cluster('a'), ...controllerObjects({ image }))
    const { metadata, ...rest } = controllerBinding(going)
    const labels = { ...metadata.labels, ...changed }
    await api.apply({ ...rest, metadata: { ...metadata, labels } }, { signal: run.signal })
    const refusing: KubeApi = { ...api, apply: () => Promise.reject(new KnestError(code, 'refused')) }
    await expect(bindController(refusing, going, run.signal)).resolves.toBeUndefined()
  })

  it('of others are not kept from their clusters by what somebody made under the name of one', async () => {
    const { metadata, ...rest } = controllerBinding(going)
    const theirs: KubeObject = { ...rest, metadata: { ...metadata, labels: {} }, subjects: [] }
    const { api } = hostWith(cluster('a'), cluster('b'), theirs)
    const warnings: string[] = []
    const telling: typeof silentProgress = {
      ...silentProgress,
      phase: (_title, work) => work(telling),
      warn: (text) => void warnings.push(text),
    }
    await installController(api, { image }, { ...run, progress: telling })
    const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' }
    expect(await api.get(kind, 'a-controller', 'knest-a', run.signal)).toEqual(theirs)
    expect(bindingsOf(await api.list(kind, { signal: run.signal }))).toContain('knest-b/b-controller')
    expect(warnings).toEqual([
      'the controller may not look after cluster "a": RoleBinding "a-controller" in namespace "knest-a" is there already, and knest did not make it; when it is removed, run `knest host install controller` again',
    ])
  })

  it('go with the controller, and nothing goes that somebody else made under its names', async () => {
    const { api, deleted } = hostWith(cluster('a'), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'knest-cluster' },
    })
    await api.apply(controllerBinding(going, 'uid-of-a'), { signal: run.signal })
    await uninstallController(api, run)
    expect(deleted).toContain('RoleBinding a-controller')
    expect(deleted).not.toContain('ClusterRole knest-cluster')
  })
})
