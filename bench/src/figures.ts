import { knest } from './knest.js'

/** Seconds of each figure of one round. */
export type Round = Readonly<Record<string, number>>

const cluster = 'bench'

/** One control plane, one worker; one more worker; everything away. */
export async function quickRound(): Promise<Round> {
  await knest('delete', cluster, '--ignore-not-found')
  const create = await knest(
    'create',
    cluster,
    '--control-plane-machine-count',
    '1',
    '--worker-machine-count',
    '1',
  )
  const addWorker = await knest('scale', cluster, '1:2')
  await knest('scale', cluster, '1:1')
  const remove = await knest('delete', cluster)
  return { 'create-1+1': create, 'add-worker': addWorker, delete: remove }
}
