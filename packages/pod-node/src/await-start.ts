import { KnestError, pause } from '@knest/core'
import type { ExecResult, NodeHandle } from '@knest/core'

const betweenMs = 150
const ready = ['knest-init', 'ready', '--wait', '50']

/**
 * The node's own word that it is ready. A host tells of a container up to a second after its start, since
 * kubelet looks once a second; a command in it works at once, so it is tried until `running` says that it
 * must work. A node whose pod cannot run fails as `running` does, and one of another image with `prerequisite`.
 */
export async function awaitStart(
  node: NodeHandle,
  running: Promise<void>,
  signal: AbortSignal,
): Promise<ExecResult> {
  const seen = new AbortController()
  const told = running.then(() => {
    seen.abort()
  })
  // It may fail while a command is under way.
  told.catch(() => undefined)
  for (;;) {
    const mustWork = seen.signal.aborted
    try {
      return await node.execText(ready, { timeoutMs: 60_000, signal })
    } catch (error) {
      if (mustWork || signal.aborted) throw unlessNoNode(error, node.name)
    }
    await Promise.race([told, pause(betweenMs, signal)])
  }
}

/** A container runtime tells of a program that its image lacks as of a fault of its own, and trying again would not end. */
function unlessNoNode(error: unknown, node: string): unknown {
  if (!(error instanceof KnestError) || !/executable file .*not found/.test(error.message)) return error
  return new KnestError('prerequisite', `the image of node "${node}" is no node image: ${error.message}`, {
    hint: 'choose a node image with --image, or leave it out',
    cause: error,
  })
}
