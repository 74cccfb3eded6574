import type { ClusterPhase, ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import { KnestError } from '../errors.js'
import { permit } from '../phases/index.js'
import { refuseLoss } from './refuse-loss.js'
import { isRetained, planNodeRemoval, removeNodes } from './remove-nodes.js'
import { notFound, readRecord, type OperationTools } from './tools.js'

export type DeleteOperation = Pick<Clusters, 'delete' | 'planDelete'>

export function deleteOperation({ parts, exclusive }: OperationTools): DeleteOperation {
  const { home } = parts

  return {
    planDelete: async (ref, { keepData, signal }) => {
      const record = deletable(await readRecord(parts, ref, signal), keepData)
      if (keepData) await refuseLoss(parts, record, signal)
      const steps = await planNodeRemoval(parts, record, keepData, signal)
      const place = keepData || isRetained(parts, record) ? undefined : await home.placeAfter?.(ref, signal)
      const needs = steps.slice(-1).map(({ id }) => id)
      return place === undefined ? steps : [...steps, { id: 'place', title: place, needs }]
    },

    delete: async (ref, { keepData, ...run }) => {
      const found = await home.read(ref, run.signal)
      if (found === undefined) {
        // A killed delete may have left the place the record was in.
        const note = (text: string): void => run.progress.note(text)
        await home.remove(ref, { keepData: false, signal: run.signal, note, wasAbsent: true })
        throw notFound(ref.name)
      }
      const first = deletable(found, keepData)
      let hasBegun = false
      return exclusive(
        () => Promise.resolve(first),
        ref,
        run,
        async (inner) => {
          if (
            hasBegun &&
            !keepData &&
            !isRetained(parts, first) &&
            (await home.read(ref, inner.signal)) === undefined
          ) {
            // It went, and the host with it for a moment.
            await home.remove(ref, { keepData: false, signal: inner.signal, wasAbsent: true })
            return { dataKept: false }
          }
          const record = deletable(await readRecord(parts, ref, inner.signal), keepData)
          if (keepData) await refuseLoss(parts, record, inner.signal)
          hasBegun = true
          const say = (phase: ClusterPhase): Promise<void> =>
            home.setStatus(record, { phase, conditions: record.conditions }, inner.signal)
          await say('Deleting')
          await removeNodes(parts, record, keepData, inner)
          if (keepData) await say('Kept')
          return { dataKept: keepData || isRetained(parts, record) }
        },
      )
    },
  }
}

/** Gives the record back, or throws what is against it. Pure. */
export function deletable(record: ClusterRecord, keepData: boolean): ClusterRecord {
  if (keepData && !record.spec.persistence.enabled) throw nothingToKeep(record)
  return permit('delete', record)
}

function nothingToKeep({ name }: ClusterRef): KnestError {
  return new KnestError('config', `cluster "${name}" is not persistent: its disks go with its nodes`, {
    hint: 'leave --keep-data out, or create the cluster with --persistent',
  })
}
