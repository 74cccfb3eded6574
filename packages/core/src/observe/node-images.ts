import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { readNodeImages, type NodeImage } from '../node/images.js'

/**
 * The loaded images of each node that runs, by its name. One that does not run or gives no answer is left out.
 * A cluster into which nothing was loaded is not asked.
 */
export async function askNodeImages(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly NodeImage[]>> {
  if ((record.images ?? []).length === 0) return new Map()
  const ask = async ({ backend, name, phase }: BackendNode): Promise<readonly NodeImage[] | undefined> => {
    if (phase !== 'running') return undefined
    try {
      return (await readNodeImages(await backend.openNode(record, name, signal), signal)).images
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof KnestError) return undefined
      throw error
    }
  }
  const answers = await Promise.all(nodes.map(async (node) => [node.name, await ask(node)] as const))
  return new Map(answers.flatMap(([name, images]) => (images === undefined ? [] : [[name, images]])))
}
