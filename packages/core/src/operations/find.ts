import type { Clusters } from '../contracts/clusters.js'
import { KnestError } from '../errors.js'
import { defaultNamespace } from '../names.js'
import { clusterStatus, summarize } from '../status/index.js'
import { notFound, readRecord, type OperationTools } from './tools.js'

export type FindOperation = Pick<Clusters, 'list' | 'status' | 'find'>

export function findOperation({ parts }: Pick<OperationTools, 'parts'>): FindOperation {
  const { home } = parts
  return {
    list: async (namespace, signal) => {
      const records = await home.list(namespace, signal)
      return Promise.all(records.map((record) => summarize(parts, record, signal)))
    },

    status: async (ref, signal) => clusterStatus(parts, await readRecord(parts, ref, signal), signal),

    find: async (name, namespace, signal) => {
      const ref = { name, namespace: namespace ?? defaultNamespace(name) }
      if ((await home.read(ref, signal)) !== undefined) return ref
      const others =
        namespace === undefined
          ? (await home.list(undefined, signal)).filter((record) => record.name === name)
          : []
      if (others.length > 1) {
        const names = others.map((record) => `"${record.namespace}"`).join(', ')
        throw new KnestError('usage', `there are ${others.length} clusters named "${name}"`, {
          hint: `choose one with -n: ${names}`,
        })
      }
      if (others[0] === undefined) throw notFound(name, namespace)
      return { name, namespace: others[0].namespace }
    },
  }
}
