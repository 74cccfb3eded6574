import { applyOwn, deleteOwn, labels, refuseForeign, type KubeApi, type KubeObject } from '@knest/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeKubeApi } from './fake-kube-api.js'

const kind = { apiVersion: 'v1', kind: 'Service' }
const cluster = { name: 'a', namespace: 'team' }
const signal = new AbortController().signal
const service = (ports: number, marks: Readonly<Record<string, string>>): KubeObject => ({
  ...kind,
  metadata: { name: 'a-api', namespace: 'team', labels: marks },
  spec: { ports },
})
const ours = { [labels.managedBy]: 'knest', [labels.cluster]: 'a' }

let api: KubeApi
beforeEach(() => {
  api = createFakeKubeApi([kind])
})
const stored = () => api.get(kind, 'a-api', 'team', signal)

const ofOthers = [
  { whose: 'somebody', marks: {} },
  { whose: 'another cluster', marks: { ...ours, [labels.cluster]: 'b' } },
  { whose: 'a standalone cluster', marks: { [labels.cluster]: 'a' } },
  { whose: 'another tool', marks: { ...ours, [labels.managedBy]: 'Helm' } },
]

describe('an object that knest makes', () => {
  it('is made, changed and deleted', async () => {
    await applyOwn(api, service(1, ours), { signal })
    await applyOwn(api, service(2, ours), { signal })
    expect(await stored()).toMatchObject({ spec: { ports: 2 } })
    expect(await deleteOwn(api, cluster, kind, 'a-api', { signal })).toBe(true)
    expect(await stored()).toBeUndefined()
    expect(await deleteOwn(api, cluster, kind, 'a-api', { signal })).toBe(false)
  })

  it.each(ofOthers)(
    'is refused where $whose has one of that name, which stays as it is',
    async ({ marks }) => {
      const theirs = await api.create(service(7, marks), { signal })
      const refusal = {
        code: 'already-exists',
        message: 'Service "a-api" in namespace "team" is there already, and knest did not make it',
      }
      await expect(applyOwn(api, service(1, ours), { signal })).rejects.toMatchObject(refusal)
      await expect(refuseForeign(api, [service(1, ours)], signal)).rejects.toMatchObject(refusal)
      expect(await deleteOwn(api, cluster, kind, 'a-api', { signal })).toBe(false)
      expect(await stored()).toEqual(theirs)
    },
  )

  it('is not deleted by its name when another one has it by then', async () => {
    const first = await api.create(service(1, ours), { signal })
    await api.delete(kind, 'a-api', 'team', { signal })
    const theirs = await api.create(service(7, {}), { signal })
    const late: Pick<KubeApi, 'get' | 'delete'> = {
      get: () => Promise.resolve(first),
      delete: (...given) => api.delete(...given),
    }
    expect(await deleteOwn(late, cluster, kind, 'a-api', { signal })).toBe(false)
    expect(await stored()).toEqual(theirs)
  })
})
