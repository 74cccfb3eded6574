import { describe, expect, it } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import { purgeNamespace } from './purge-namespace.js'

const signal = new AbortController().signal
const verbs = ['deletecollection', 'list']

/** A host with some kinds; `left` says how often the objects of a collection are seen before they are gone. */
function hostWith(left: Record<string, number>, refused: readonly string[] = []) {
  const asked: string[] = []
  const answer = (value: unknown, status = 200) => Promise.resolve({ status, body: JSON.stringify(value) })
  const kinds = (...names: string[]) => ({
    resources: names.map((name) => ({ name, namespaced: true, verbs })),
  })
  const raw: KubeApi['raw'] = (path, _signal, { method } = { method: 'GET' }) => {
    asked.push(`${method} ${path}`)
    if (path === '/apis') return answer({ groups: [{ preferredVersion: { groupVersion: 'apps/v1' } }] })
    if (path === '/api/v1') return answer(kinds('pods', 'secrets'))
    if (path === '/apis/apps/v1') return answer(kinds('statefulsets', 'sprockets'))
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
  it('lets the namespace go when a round over all its kinds found nothing', async () => {
    const { api, asked } = hostWith({ pods: 1, sprockets: 2 })
    expect(await purgeNamespace(api, 'a', signal)).toBe(true)
    expect(asked.filter((request) => request.endsWith('/sprockets'))).toHaveLength(3)
    expect(asked.at(-1)).toBe(finalize)
  })

  it('is not content with its usual kinds', async () => {
    const { api, asked } = hostWith({ sprockets: Infinity })
    expect(await purgeNamespace(api, 'a', signal)).toBe(false)
    expect(asked).not.toContain(finalize)
  })

  it('leaves the rest to the host where a right is missing', async () => {
    const { api, asked } = hostWith({}, ['secrets'])
    expect(await purgeNamespace(api, 'a', signal)).toBe(false)
    expect(asked).not.toContain(finalize)
  })
})
