import type { Clusters } from '../contracts/clusters.js'
import type { ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import { KnestError, unlessForbidden } from '../errors.js'
import { defaultNamespace } from '../names.js'
import { listNodes, listOfAll } from '../observe/list-nodes.js'
import { clusterStatus, summarize } from '../status/index.js'
import { notFound, readRecord, type OperationTools } from './tools.js'

export type FindOperation = Pick<Clusters, 'list' | 'status' | 'find'>

export function findOperation({ parts }: Pick<OperationTools, 'parts'>): FindOperation {
  const { home } = parts
  return {
    list: async (namespace, signal, narrowed) => {
      const seen = await visible(home, namespace, signal)
      if (seen.narrowedTo !== undefined) narrowed?.(seen.narrowedTo)
      const { records, narrowedTo } = seen
      const isOfMany = namespace === undefined && narrowedTo === undefined && records.length > 1
      const list = isOfMany ? listOfAll() : listNodes
      return Promise.all(records.map((record) => summarize(parts, record, signal, list)))
    },

    status: async (ref, signal) => clusterStatus(parts, await readRecord(parts, ref, signal), signal),

    find: async (name, namespace, signal) => {
      const ref = { name, namespace: namespace ?? defaultNamespace(name) }
      const read = home.read(ref, signal)
      // Who may not look there may have it elsewhere.
      const record = await (namespace === undefined ? read.catch(unlessForbidden) : read)
      if (record !== undefined) return ref
      const seen = namespace === undefined ? await visible(home, undefined, signal) : undefined
      const others = (seen?.records ?? []).filter((other) => other.name === name)
      if (others.length > 1) {
        const names = others.map((record) => `"${record.namespace}"`).join(', ')
        throw new KnestError('usage', `there are ${others.length} clusters named "${name}"`, {
          hint: `choose one with -n: ${names}`,
        })
      }
      if (others[0] === undefined) throw notFound(name, namespace ?? seen?.narrowedTo)
      return { name, namespace: others[0].namespace }
    },
  }
}

interface Visible {
  readonly records: readonly ClusterRecord[]
  readonly narrowedTo?: string
}

/** The clusters of a namespace, or of all; those of the context's for whom may not look into all. */
async function visible(
  home: Pick<ClusterHome, 'list' | 'contextNamespace'>,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Visible> {
  try {
    return { records: await home.list(namespace, signal) }
  } catch (error) {
    const { contextNamespace } = home
    if (namespace !== undefined || contextNamespace === undefined) throw error
    unlessForbidden(error)
    try {
      return { records: await home.list(contextNamespace, signal), narrowedTo: contextNamespace }
    } catch (inner) {
      unlessForbidden(inner)
      const { code, message } = error as KnestError
      throw new KnestError(code, message, {
        hint: 'choose a namespace where you have this right with -n, or another context with --context',
        cause: error,
      })
    }
  }
}
