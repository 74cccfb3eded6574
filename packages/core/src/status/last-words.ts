import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { askLastWords, type LastWords } from '../node/last-words.js'
import type { Answer } from './answer.js'

/** What parts of the control planes that do not run said last. */
export async function lastWords(
  record: ClusterRecord,
  running: readonly BackendNode[],
  answer: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<Answer<T>>,
): Promise<readonly LastWords[]> {
  const controlPlanes = running.filter(({ role }) => role === 'control-plane')
  const answers = await Promise.all(
    controlPlanes.map(({ backend, name }) =>
      answer(async (signal) => {
        return askLastWords(await backend.openNode(record, name, signal), signal)
      }),
    ),
  )
  return answers.flatMap(({ value }) => value ?? [])
}
