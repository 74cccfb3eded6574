import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deleteNamespace } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'

export interface KubeApiSubject {
  readonly api: KubeApi
  /** Two namespaces that are there, for objects that may be made and deleted. */
  readonly namespaces: readonly [string, string]
  cleanUp(): Promise<void>
}

const kind = { apiVersion: 'v1', kind: 'ConfigMap' }
const serviceKind = { apiVersion: 'v1', kind: 'Service' }
const unknownKind = { apiVersion: 'knest.invalid/v1', kind: 'Nothing' }

/** What every KubeApi promises of objects; what runs in pods is for the suite of backends. */
export function describeKubeApi(title: string, setUp: () => Promise<KubeApiSubject>): void {
  describe(`${title} as a KubeApi`, () => {
    let api: KubeApi
    let namespace: string
    let other: string
    let cleanUp: () => Promise<void> = () => Promise.resolve()
    const { signal } = new AbortController()

    beforeAll(async () => {
      const subject = await setUp()
      api = subject.api
      ;[namespace, other] = subject.namespaces
      cleanUp = () => subject.cleanUp()
    }, 120_000)
    afterAll(() => cleanUp(), 120_000)

    const map = (name: string, part: Partial<KubeObject> & { readonly labels?: object } = {}): KubeObject => {
      const { labels, ...fields } = part
      return {
        ...kind,
        metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
        ...fields,
      } as KubeObject
    }
    const make = (name: string, part: Parameters<typeof map>[1] = {}): Promise<KubeObject> =>
      api.create(map(name, part), { signal })
    const read = (name: string): Promise<KubeObject | undefined> => api.get(kind, name, namespace, signal)
    const dataOf = async (name: string): Promise<unknown> => (await read(name))?.data as unknown
    const remove = (name: string): Promise<boolean> => api.delete(kind, name, namespace, { signal })

    describe('create and get', () => {
      it('stores an object, and says what the server has added', async () => {
        const made = await make('create-a', { data: { a: '1' } })
        expect(made).toMatchObject({ ...kind, data: { a: '1' }, metadata: { name: 'create-a', namespace } })
        expect(await read('create-a')).toEqual(made)
        const { uid, resourceVersion, creationTimestamp } = made.metadata
        expect([uid, resourceVersion].map((text) => text !== undefined && text !== '')).toEqual([true, true])
        expect(Date.parse(creationTimestamp ?? '')).not.toBeNaN()
      })

      it('refuses a second one of the same name, also when nothing would be stored', async () => {
        await make('create-b')
        await expect(make('create-b')).rejects.toMatchObject({ code: 'already-exists' })
        const dryRun = api.create(map('create-b'), { signal, dryRun: true })
        await expect(dryRun).rejects.toMatchObject({ code: 'already-exists' })
      })

      it('gives what would be stored, and stores nothing, when asked to', async () => {
        const would = await api.create(map('create-c', { data: { a: '1' } }), { signal, dryRun: true })
        expect(would).toMatchObject({ data: { a: '1' } })
        expect(await read('create-c')).toBeUndefined()
      })

      it('says config for what the server does not take', async () => {
        await expect(make('Not_A_Name')).rejects.toMatchObject({ code: 'config' })
        await expect(api.apply(map('Not_A_Name'), { signal })).rejects.toMatchObject({ code: 'config' })
      })

      it('has none of a kind that nobody knows, and takes none', async () => {
        expect(await api.get(unknownKind, 'a', namespace, signal)).toBeUndefined()
        const made = api.create({ ...unknownKind, metadata: { name: 'a', namespace } }, { signal })
        await expect(made).rejects.toMatchObject({ code: 'not-found' })
      })
    })

    describe('list', () => {
      const labels = 'knest.dev/contract'
      const names = async (options: { labelSelector?: string; fieldSelector?: string; namespace?: string }) =>
        (await api.list(kind, { ...options, signal })).map(({ metadata }) => metadata.name).sort()

      beforeAll(async () => {
        await make('list-a', { labels: { [labels]: 'x', tier: 'front' } })
        await make('list-b', { labels: { [labels]: 'y' } })
        const elsewhere = map('list-c', { labels: { [labels]: 'x' } })
        await api.create({ ...elsewhere, metadata: { ...elsewhere.metadata, namespace: other } }, { signal })
      })
      afterAll(() => api.delete(kind, 'list-c', other, { signal }))

      it('gives objects that say what they are', async () => {
        const [found] = await api.list(kind, { namespace, labelSelector: `${labels}=y`, signal })
        expect(found).toEqual(await read('list-b'))
        expect(found).toMatchObject(kind)
      })

      it('is of one namespace, or of all', async () => {
        expect(await names({ namespace, labelSelector: labels })).toEqual(['list-a', 'list-b'])
        expect(await names({ namespace: other, labelSelector: labels })).toEqual(['list-c'])
        expect(await names({ labelSelector: labels })).toEqual(['list-a', 'list-b', 'list-c'])
        expect(await names({ namespace: 'knest-nowhere' })).toEqual([])
      })

      it.each([
        [`${labels}=x`, ['list-a', 'list-c']],
        [`${labels}==x,tier`, ['list-a']],
        [`${labels},${labels}!=x`, ['list-b']],
        [`${labels},!tier`, ['list-b', 'list-c']],
        [`${labels} in (x, z),tier notin (front)`, ['list-c']],
      ])('selects by the labels %s', async (labelSelector, expected) => {
        expect(await names({ labelSelector })).toEqual(expected)
      })

      it('selects by name', async () => {
        expect(await names({ namespace, fieldSelector: 'metadata.name=list-a' })).toEqual(['list-a'])
      })

      it('says config for a selector that is none, and for a field that cannot select', async () => {
        await expect(names({ labelSelector: 'a=b=c' })).rejects.toMatchObject({ code: 'config' })
        await expect(names({ fieldSelector: 'data.a=1' })).rejects.toMatchObject({ code: 'config' })
      })

      it('says not-found for a kind that nobody knows', async () => {
        await expect(api.list(unknownKind, { signal })).rejects.toMatchObject({ code: 'not-found' })
      })
    })

    describe('replace', () => {
      it('takes the place of the object, which stays the same one', async () => {
        const { metadata } = await make('replace-a', { data: { a: '1', b: '1' } })
        const next = await api.replace(map('replace-a', { data: { c: '2' } }), { signal })
        expect(next.data).toEqual({ c: '2' })
        expect(next.metadata.uid).toBe(metadata.uid)
        expect(next.metadata.creationTimestamp).toBe(metadata.creationTimestamp)
        expect(next.metadata.resourceVersion).not.toBe(metadata.resourceVersion)
      })

      it('refuses who has not seen the last change', async () => {
        const seen = await make('replace-b', { data: { a: '1' } })
        await api.replace({ ...seen, data: { a: '2' } }, { signal })
        const late = api.replace({ ...seen, data: { a: '3' } }, { signal })
        await expect(late).rejects.toMatchObject({ code: 'conflict' })
        expect(await dataOf('replace-b')).toEqual({ a: '2' })
      })

      it('lets one of two that race through', async () => {
        const seen = await make('replace-c', { data: { a: '0' } })
        const ends = await Promise.allSettled(
          ['1', '2', '3'].map((a) => api.replace({ ...seen, data: { a } }, { signal })),
        )
        expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
        for (const end of ends)
          if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'conflict' })
      })

      it('refuses who means an object that has gone since', async () => {
        const seen = await make('replace-d')
        await remove('replace-d')
        await make('replace-d')
        const { name, uid = '' } = seen.metadata
        const metadata = { name, namespace, uid }
        await expect(api.replace({ ...seen, metadata }, { signal })).rejects.toMatchObject({
          code: 'conflict',
        })
      })

      it('says not-found when there is none', async () => {
        await expect(api.replace(map('replace-e'), { signal })).rejects.toMatchObject({ code: 'not-found' })
      })
    })

    describe('patch', () => {
      const patch = (name: string, change: object): Promise<KubeObject> =>
        api.patch(kind, name, namespace, change, { signal })

      it('merges, and takes away what is null', async () => {
        await make('patch-a', { data: { a: '1', b: '1' }, labels: { keep: 'me' } })
        const next = await patch('patch-a', { data: { a: null, c: '2' } })
        expect(next.data).toEqual({ b: '1', c: '2' })
        expect(next.metadata.labels).toEqual({ keep: 'me' })
        expect(await read('patch-a')).toEqual(next)
      })

      it('is guarded by the resource version that it names', async () => {
        const seen = await make('patch-b')
        await patch('patch-b', { data: { a: '1' } })
        const { resourceVersion } = seen.metadata
        const late = patch('patch-b', { metadata: { resourceVersion }, data: { a: '2' } })
        await expect(late).rejects.toMatchObject({ code: 'conflict' })
        expect(await dataOf('patch-b')).toEqual({ a: '1' })
      })

      it('says not-found when there is none', async () => {
        await expect(patch('patch-c', { data: { a: '1' } })).rejects.toMatchObject({ code: 'not-found' })
      })

      it('of the status changes nothing else, and other writes leave the status alone', async () => {
        const service = (part: object): KubeObject => ({
          ...serviceKind,
          metadata: { name: 'patch-d', namespace },
          spec: { clusterIP: 'None', ports: [{ name: 'a', port: 80 }], ...part },
        })
        const condition = (reason: string): object => ({
          status: {
            conditions: [
              {
                type: 'Test',
                status: 'True',
                reason,
                message: '',
                lastTransitionTime: '2026-01-01T00:00:00Z',
              },
            ],
          },
        })
        const send = (change: object, options: { readonly subresource?: string } = {}): Promise<KubeObject> =>
          api.patch(serviceKind, 'patch-d', namespace, change, { signal, ...options })
        await api.create({ ...service({}), ...condition('Create') }, { signal })
        const spec = { publishNotReadyAddresses: true }
        await send({ ...condition('Status'), spec }, { subresource: 'status' })
        const next = await send({ ...condition('Main'), metadata: { labels: { a: 'b' } } })
        expect(next.status).toMatchObject({ conditions: [{ reason: 'Status' }] })
        expect(next.spec).not.toMatchObject(spec)
        expect(next.metadata.labels).toEqual({ a: 'b' })
        await api.delete(serviceKind, 'patch-d', namespace, { signal })
      })
    })

    describe('apply', () => {
      const apply = (name: string, data: object, dryRun = false): Promise<KubeObject> =>
        api.apply(map(name, { data }), { signal, dryRun })

      it('creates what is not there', async () => {
        const made = await apply('apply-a', { a: '1' })
        expect(made.metadata.uid).not.toBeUndefined()
        expect(await read('apply-a')).toEqual(made)
      })

      it('changes nothing when it says the same again', async () => {
        const first = await apply('apply-b', { a: '1' })
        expect((await apply('apply-b', { a: '1' })).metadata.resourceVersion).toBe(
          first.metadata.resourceVersion,
        )
      })

      it('takes away what it has said before and leaves out now', async () => {
        await apply('apply-c', { a: '1', b: '1' })
        expect((await apply('apply-c', { a: '1' })).data).toEqual({ a: '1' })
      })

      it('leaves what others have said, and takes over what it says otherwise', async () => {
        await make('apply-d', { data: { a: '1', b: '1' }, labels: { keep: 'me' } })
        expect((await apply('apply-d', { a: '2', c: '3' })).data).toEqual({ a: '2', b: '1', c: '3' })
        const next = await apply('apply-d', { a: '2' })
        expect(next.data).toEqual({ a: '2', b: '1' })
        expect(next.metadata.labels).toEqual({ keep: 'me' })
        expect((await apply('apply-d', { d: '4' })).data).toEqual({ b: '1', d: '4' })
      })

      it('lets go of what somebody else has changed since', async () => {
        await apply('apply-e', { a: '1', b: '1' })
        await api.patch(kind, 'apply-e', namespace, { data: { a: '2' } }, { signal })
        expect((await apply('apply-e', { b: '1' })).data).toEqual({ a: '2', b: '1' })
      })

      it('is guarded by the resource version that it names', async () => {
        const seen = await apply('apply-f', { a: '1' })
        await apply('apply-f', { a: '2' })
        const { resourceVersion = '' } = seen.metadata
        const late = map('apply-f', { data: { a: '3' } })
        const metadata = { ...late.metadata, resourceVersion }
        await expect(api.apply({ ...late, metadata }, { signal })).rejects.toMatchObject({ code: 'conflict' })
      })

      it('gives what would be stored, and stores nothing, when asked to', async () => {
        await make('apply-g', { data: { a: '1' } })
        expect((await apply('apply-g', { b: '2' }, true)).data).toEqual({ a: '1', b: '2' })
        expect((await apply('apply-h', { b: '2' }, true)).data).toEqual({ b: '2' })
        expect([await dataOf('apply-g'), await read('apply-h')]).toEqual([{ a: '1' }, undefined])
        // What an apply only would have said it does not have to take back.
        expect((await apply('apply-g', { c: '3' })).data).toEqual({ a: '1', c: '3' })
      })
    })

    describe('delete', () => {
      it('is content when there is none', async () => {
        await make('delete-a')
        expect([await remove('delete-a'), await remove('delete-a')]).toEqual([true, false])
        expect(await api.delete(unknownKind, 'a', namespace, { signal })).toBe(false)
      })

      it('refuses who means another object or another state of it', async () => {
        const { metadata } = await make('delete-b')
        const { uid = '', resourceVersion = '' } = metadata
        const attempt = (preconditions: object): Promise<boolean> =>
          api.delete(kind, 'delete-b', namespace, { signal, preconditions })
        await expect(attempt({ uid: '00000000-0000-0000-0000-000000000000' })).rejects.toMatchObject({
          code: 'conflict',
        })
        await api.patch(kind, 'delete-b', namespace, { data: { a: '1' } }, { signal })
        await expect(attempt({ uid, resourceVersion })).rejects.toMatchObject({ code: 'conflict' })
        expect(await attempt({ uid })).toBe(true)
        expect(await read('delete-b')).toBeUndefined()
      })

      it('waits for the last finalizer', async () => {
        const object = map('delete-c')
        const finalizers = ['knest.dev/contract']
        await api.create({ ...object, metadata: { ...object.metadata, finalizers } }, { signal })
        expect(await remove('delete-c')).toBe(true)
        expect((await read('delete-c'))?.metadata.deletionTimestamp).not.toBeUndefined()
        expect(await remove('delete-c')).toBe(true)
        await api.patch(kind, 'delete-c', namespace, { metadata: { finalizers: [] } }, { signal })
        expect(await read('delete-c')).toBeUndefined()
      })
    })

    describe('waitFor', () => {
      const wait = (
        labelSelector: string,
        done: (objects: readonly KubeObject[]) => boolean,
        { timeoutMs = 20_000, stop = signal, of = kind } = {},
      ): Promise<readonly KubeObject[]> =>
        api.waitFor(of, { namespace, labelSelector }, done, {
          timeoutMs,
          signal: stop,
          awaited: 'a test to pass',
          describe: (seen) => `${seen.length} objects`,
        })

      it('gives what is there already, and says what it is', async () => {
        await make('wait-a', { labels: { wait: 'a' } })
        expect(await wait('wait=a', ({ length }) => length === 1)).toEqual([await read('wait-a')])
      })

      it('misses nothing that others do from its first look on', async () => {
        const many = Array.from({ length: 12 }, (_, index) => `wait-b-${index}`)
        const all = wait('wait=b', ({ length }) => length === many.length)
        await Promise.all(many.map((name) => make(name, { labels: { wait: 'b' } })))
        expect(await all).toHaveLength(many.length)
        const changed = wait('wait=b', (seen) => seen.every(({ data }) => data !== undefined))
        await Promise.all(
          many.map((name) => api.patch(kind, name, namespace, { data: { a: '1' } }, { signal })),
        )
        await changed
        const unlabelled = wait('wait=b', ({ length }) => length < many.length)
        await api.patch(kind, 'wait-b-0', namespace, { metadata: { labels: { wait: null } } }, { signal })
        expect(await unlabelled).toHaveLength(many.length - 1)
        const gone = wait('wait=b', ({ length }) => length === 0)
        await Promise.all(many.map(remove))
        expect(await gone).toEqual([])
      }, 60_000)

      it('ends with timeout, and says what was awaited and what was seen last', async () => {
        const waiting = wait('wait=c', () => false, { timeoutMs: 500 })
        await expect(waiting).rejects.toMatchObject({
          code: 'timeout',
          message: 'waited 0.5 s for a test to pass; last seen: 0 objects',
        })
      })

      it('ends with its signal', async () => {
        const stop = new AbortController()
        const waiting = wait(
          'wait=d',
          () => {
            setTimeout(() => stop.abort(), 10)
            return false
          },
          { stop: stop.signal },
        )
        await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
      })

      it('ends with what its caller throws', async () => {
        const waiting = wait('wait=e', () => {
          throw new TypeError('of the caller')
        })
        await expect(waiting).rejects.toThrow(new TypeError('of the caller'))
      })

      it('says not-found for a kind that nobody knows', async () => {
        const waiting = wait('wait=f', () => true, { of: unknownKind })
        await expect(waiting).rejects.toMatchObject({ code: 'not-found' })
      })
    })

    it('answers nobody whose signal has ended', async () => {
      const stopped = AbortSignal.abort()
      const code = { code: 'cancelled' }
      await expect(api.get(kind, 'a', namespace, stopped)).rejects.toMatchObject(code)
      await expect(api.list(kind, { signal: stopped })).rejects.toMatchObject(code)
      await expect(api.create(map('abort-a'), { signal: stopped })).rejects.toMatchObject(code)
      await expect(api.raw('/readyz', stopped)).rejects.toMatchObject(code)
      expect(await read('abort-a')).toBeUndefined()
    })

    it('gives any answer to a request of any path', async () => {
      expect(await api.raw('/readyz', signal)).toMatchObject({ status: 200, body: 'ok' })
      expect((await api.raw('/no/such/path', signal)).status).toBe(404)
    })

    describe('paths', () => {
      const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }
      const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
      const ask = async (
        path: string,
        method: 'GET' | 'DELETE' = 'GET',
        media?: string,
      ): Promise<unknown> => {
        const request = { method, ...(media !== undefined && { accept: media }) }
        const { status, body } = await api.raw(path, signal, request)
        expect(status).toBe(200)
        return JSON.parse(body)
      }
      const namesAt = async (path: string, method: 'GET' | 'DELETE' = 'GET'): Promise<readonly string[]> => {
        const { items } = (await ask(path, method)) as { readonly items: readonly KubeObject[] }
        return items.map(({ metadata }) => metadata.name)
      }

      it('say what the server has', async () => {
        const resource = { resource: 'configmaps', scope: 'Namespaced' }
        const found = { ...resource, verbs: expect.arrayContaining(['list', 'deletecollection']) as string[] }
        const resources = expect.arrayContaining([expect.objectContaining(found)]) as object[]
        expect(await ask('/api', 'GET', accept)).toMatchObject({
          items: [{ versions: [{ version: 'v1', freshness: 'Current', resources }] }],
        })
        expect(await ask('/apis', 'GET', accept)).toMatchObject({ items: expect.any(Array) as object[] })
      })

      it('list and delete what a namespace has of a kind', async () => {
        const name = `${namespace}-paths`
        await api.apply({ ...namespaceKind, metadata: { name } }, { signal })
        await api.create({ ...kind, metadata: { name: 'paths-a', namespace: name } }, { signal })
        const path = `/api/v1/namespaces/${name}/configmaps`
        expect(await namesAt(path)).toContain('paths-a')
        expect(await namesAt(path, 'DELETE')).toContain('paths-a')
        expect(await namesAt(path)).not.toContain('paths-a')
        expect(await ask(`/api/v1/namespaces/${name}`)).toMatchObject({ metadata: { name } })
        await deleteNamespace(api, name, signal)
        expect((await api.raw(`/api/v1/namespaces/${name}`, signal)).status).toBe(404)
      }, 60_000)
    })

    it('says what its user may do', async () => {
      expect(await api.canI({ verb: 'create', resource: 'configmaps', namespace }, signal)).toBe(true)
    })
  })
}
