import {
  FirstLook,
  listCertificates,
  planRenewal,
  renewalSteps,
  type CertificateSources,
} from '../certificates/index.js'
import type { ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import { awaitReachable } from '../converge/await-reachable.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { permit } from '../phases/index.js'
import { renewCertificates } from '../steps/renew-certificates.js'
import { readRecord, recordOf, type OperationTools } from './tools.js'

export type CertificatesOperation = Pick<Clusters, 'certificates' | 'planRenewal' | 'renewCertificates'>

export function certificatesOperation({ parts, exclusive }: OperationTools): CertificatesOperation {
  const { home } = parts
  const prepare = async (ref: ClusterRef, signal: AbortSignal): Promise<CertificateSources> => {
    const record = permit('certificates', await readRecord(parts, ref, signal))
    return { record, home, nodes: await listNodes(record, await backendsOf(parts, record), signal) }
  }

  return {
    certificates: async (ref, signal) => listCertificates(await prepare(ref, signal), new Date(), signal),

    planRenewal: async (ref, { all }, { signal }) => {
      const now = new Date()
      const found = await listCertificates(await prepare(ref, signal), now, signal)
      return renewalSteps(planRenewal(found, now, { all }))
    },

    renewCertificates: (ref, request, run) => {
      const first = new FirstLook()
      return exclusive(recordOf(parts, ref), ref, run, async (inner) => {
        const sources = await prepare(ref, inner.signal)
        const renewed = await renewCertificates(sources, request, inner, first)
        await awaitReachable(home, sources.record, inner)
        return renewed
      })
    },
  }
}
