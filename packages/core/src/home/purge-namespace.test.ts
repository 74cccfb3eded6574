import { describe, expect, it } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import { purgeNamespace } from './purge-namespace.js'

const signal = new AbortController().signal
const verbs = ['deletecollection', 'list']

/** A host with some kinds; `left` says how often the objects of a collection are seen before they are gone. */
function hostWith(
  left: Record<string, number>,
  refused: readonly string[] = [],
  freshness: 'Current' | 'Stale' = 'Current',
) {
  const asked: string[] = []
  const answer = (value: unknown, status = 200) => Promise.resolve({ status, body: JSON.stringify(value) })
  const group = (name: string | undefined, ...versions: readonly (readonly [string, ...string[]])[]) => ({
    metadata: name === undefined ? {} : { name },
    versions: versions.map(([version, ...names]) => ({
      version,
      freshness,
      resources: [
        ...names.map((resource) => ({ resource, scope: 'Namespaced', verbs })),
        { resource: 'reviews', scope: 'Namespaced', verbs: null },
      ],
    })),
  })
  const raw: KubeApi['raw'] = (path, _signal, { method } = { method: 'GET' }) => {
    asked.push(`${method} ${path}`)
    if (path === '/api') return answer({ items: [group(undefined, ['v1', 'pods', 'secrets'])] })
    if (path === '/apis')
      return answer({
        items: [group('apps', ['v1', 'statefulsets', 'sprockets'], ['v1beta1', 'sprockets', 'cogs'])],
      })
    if (path.startsWith('/api/v1/namespaces/a') && !path.includes('/a/')) return answer({ spec: {} })
    if (method !== 'DELETE') return answer({}, 404)
    const name = path.split('/').at(-1) ?? ''
    if (refused.includes(name)) return answer({}, 403)
    const count = left[name] ?? 0
    left[name] = count - 1
    return answer({ items: count > 0 ? [{}] : [] })
  }
  return { api: { raw } as Partial<KubeApi> as KubeApi, asked }
}

const finalize = 'PUT /api/v1/namespaces/a/finalize'

describe('purgeNamespace', () => {
  it('lets the namespace go when all its kinds were found empty, and asks for none again that was', async () => {
    const { api, asked } = hostWith({ pods: 1, sprockets: 2 })
    expect(await purgeNamespace(api, 'a', signal)).toBe(true)
    const times = (kind: string) => asked.filter((request) => request.endsWith(`/${kind}`)).length
    expect(['pods', 'secrets', 'sprockets'].map(times)).toEqual([2, 1, 3])
    expect(asked.at(-1)).toBe(finalize)
  })

  it('asks for each kind in the version its group prefers', async () => {
    const { api, asked } = hostWith({})
    await purgeNamespace(api, 'a', signal)
    expect(asked.filter((request) => request.startsWith('DELETE /apis')).sort()).toEqual([
      'DELETE /apis/apps/v1/namespaces/a/sprockets',
      'DELETE /apis/apps/v1/namespaces/a/statefulsets',
      'DELETE /apis/apps/v1beta1/namespaces/a/cogs',
    ])
  })

  it('leaves the rest to the host where something stays', async () => {
    const { api, asked } = hostWith({ sprockets: Infinity })
    expect(await purgeNamespace(api, 'a', signal, 200)).toBe(false)
    expect(asked).not.toContain(finalize)
  })

  it('leaves all to the host where kinds of an extension are not known', async () => {
    const { api, asked } = hostWith({}, [], 'Stale')
    expect(await purgeNamespace(api, 'a', signal)).toBe(false)
    expect(asked).toEqual(['GET /api', 'GET /apis'])
  })

  it('leaves the rest to the host where a right is missing', async () => {
    const { api, asked } = hostWith({}, ['secrets'])
    expect(await purgeNamespace(api, 'a', signal)).toBe(false)
    expect(asked).not.toContain(finalize)
  })
})
