import { describe, expect, it } from 'vitest'
import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError, type ErrorCode } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { deleteVolumeClaim } from './volume-claims.js'

const cluster = { name: 'q', namespace: 'team' }
const { signal } = new AbortController()

/** A host with the one claim, whose volumes answer so. */
function hostWith(volumes: ErrorCode | undefined): { readonly api: KubeApi; readonly calls: string[] } {
  const calls: string[] = []
  const made = { [labels.cluster]: 'q', [labels.managedBy]: managedByKnest }
  const api: Pick<KubeApi, 'get' | 'delete' | 'waitFor'> = {
    get: ({ kind, apiVersion }, name) =>
      Promise.resolve({
        ...{ apiVersion, kind, spec: { volumeName: 'pv' } },
        metadata: { name, namespace: 'team', uid: 'u', labels: made },
      }),
    delete: ({ kind }, name) => {
      calls.push(`delete ${kind} ${name}`)
      return Promise.resolve(true)
    },
    waitFor: ({ kind }) => {
      calls.push(`wait ${kind}`)
      const isRefused = kind === 'PersistentVolume' && volumes !== undefined
      return isRefused ? Promise.reject(new KnestError(volumes, 'memory')) : Promise.resolve([])
    },
  }
  return { api: api as KubeApi, calls }
}

describe('the claim of a node', () => {
  const all = ['delete PersistentVolumeClaim disk', 'wait PersistentVolumeClaim', 'wait PersistentVolume']

  it.each([undefined, 'not-permitted'] as const)('goes, whoever may look at volumes: %s', async (volumes) => {
    const { api, calls } = hostWith(volumes)
    await deleteVolumeClaim(api, cluster, 'disk', signal)
    expect(calls).toEqual(all)
  })

  it('whose volume does not go is told', async () => {
    const { api } = hostWith('timeout')
    await expect(deleteVolumeClaim(api, cluster, 'disk', signal)).rejects.toMatchObject({ code: 'timeout' })
  })
})
