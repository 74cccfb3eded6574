import type { Clusters } from '../contracts/clusters.js'
import { KnestError } from '../errors.js'
import { extendedTtl } from '../spec/index.js'
import { summarize } from '../status/index.js'
import { readRecord, recordOf, type OperationTools } from './tools.js'

export type ExtendOperation = Pick<Clusters, 'extend'>

export function extendOperation({ parts, exclusive }: OperationTools): ExtendOperation {
  return {
    // Under the lock: who deletes it because its time is over must not find another time half-way.
    extend: async (ref, moreMs, run) =>
      exclusive(recordOf(parts, ref), ref, run, async ({ signal }) => {
        const record = await readRecord(parts, ref, signal)
        if (record.phase === 'Deleting') {
          throw new KnestError(
            'conflict',
            `cluster "${ref.name}" is being deleted: its time cannot be extended`,
            {
              hint: 'create it again when it is gone',
            },
          )
        }
        const ttl = extendedTtl(record, moreMs, Date.now())
        const updated = await parts.home.update(record, { ...record.spec, ttl }, signal)
        return summarize(parts, updated, signal)
      }),
  }
}
