import type { KubeApi } from 'knest'
import { never, within } from './cluster.js'

const proof = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'proof', namespace: 'default' } }

/** What `writeProof` wrote, for comparison with what is read after a fault. */
export const written = { written: 'before' }

export async function writeProof(api: KubeApi): Promise<void> {
  await api.apply({ ...proof, data: written }, { signal: never })
}

/** Undefined when it is not there; rejects when the API does not answer within three seconds. */
export async function readProof(api: KubeApi): Promise<unknown> {
  return (await api.get(proof, 'proof', 'default', within(3_000)))?.data
}
