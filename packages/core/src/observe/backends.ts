import type { ClusterRecord } from '../contracts/cluster.js'
import type { NodeBackend } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'

/** The backends a cluster can have nodes of. */
export async function backendsOf(
  { backend }: Parts,
  record: Pick<ClusterRecord, 'spec'>,
): Promise<readonly NodeBackend[]> {
  const names = new Set([
    record.spec.controlPlane.backend,
    ...record.spec.workers.map((pool) => pool.backend),
  ])
  return Promise.all([...names].map(backend))
}

/** The factor for time limits on this cluster: above 1 where machines are emulated. */
export async function timeoutFactorOf(parts: Parts, record: Pick<ClusterRecord, 'spec'>): Promise<number> {
  const backends = await backendsOf(parts, record)
  return Math.max(
    1,
    ...(await Promise.all(backends.map(async (backend) => (await backend.timeoutFactor?.()) ?? 1))),
  )
}
