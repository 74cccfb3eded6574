import { setTimeout as delay } from 'node:timers/promises'
import { KnestError, type NodeHandle } from '@knest/core'
import type { ContainerEngine } from './engine.js'
import { inspectContainer, type ContainerObject } from './engine-objects.js'
import { lastWords } from './program.js'

const readySeconds = 90

export async function startContainer(engine: ContainerEngine, { name, state }: ContainerObject, signal: AbortSignal): Promise<void> {
  if (state === 'running') return
  const command = state === 'paused' ? 'unpause' : 'start'
  await engine.must([command, name], `${command} container "${name}"`, { signal })
}

/** Waits until the node can take commands; a container that ends meanwhile is told with its last words. */
export async function awaitInit(engine: ContainerEngine, node: NodeHandle, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + readySeconds * 1000
  let said = ''
  for (;;) {
    try {
      const argv = ['knest-init', 'ready', '--wait', String(readySeconds)]
      const ready = await node.exec(argv, { timeoutMs: (readySeconds + 10) * 1000, signal })
      if (ready.exitCode === 0) return
      said = lastWords(ready)
    } catch (error) {
      if (!(error instanceof KnestError) || error.code !== 'host-unreachable') throw error
      said = error.message
    }
    const container = await inspectContainer(engine, node.name, signal)
    if (container?.state !== 'running' || Date.now() > deadline) break
    await delay(200, undefined, { signal })
  }
  const logs = await engine.run(['logs', '--tail', '5', node.name], { timeoutMs: 10_000, signal })
  throw new KnestError('prerequisite', `node "${node.name}" did not start: ${said}; its log ends with: ${`${logs.stdout}${logs.stderr}`.trim()}`, {
    hint: `see: ${engine.name} logs ${node.name}`,
  })
}
