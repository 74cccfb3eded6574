import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { isTemporary } from '../kube/temporary.js'
import { anySignal, beginWait, endedWith, pause } from '../signals.js'
import { apiPort } from './open.js'

/** Blocks on the node until something listens on the API port: asking from outside would cost more. */
function untilListening(seconds: number): readonly string[] {
  const loop = `until (exec 3<>/dev/tcp/127.0.0.1/${apiPort}) 2>/dev/null; do sleep 0.05; done`
  return ['timeout', String(seconds), 'bash', '-c', loop]
}

/** Resolves when the API server says it is ready. Throws `timeout` with what it said last. */
export async function awaitApi(
  api: KubeApi,
  nodes: readonly NodeHandle[],
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  // Of a cluster that is there nobody has to wait for a port.
  if (await isReadyNow(api, options.signal)) return
  const endWait = beginWait(options.signal)
  try {
    await untilReady(api, nodes, options)
  } finally {
    await endWait()
  }
}

async function untilReady(
  api: KubeApi,
  nodes: readonly NodeHandle[],
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs
  const ended = new AbortController()
  const signal = anySignal(options.signal, ended.signal)
  try {
    await Promise.any(nodes.map((node) => listening(node, deadline, signal)))
  } catch (error) {
    const nobody = 'nothing listens on its port'
    if (options.signal.aborted)
      throw endedWith(options.signal, `the API server of ${api.description} is not ready: ${nobody}`)
    throw timeoutError(api, nobody, error)
  } finally {
    ended.abort()
  }
  let seen = 'no answer'
  // An API server has no event for "ready" but its own /readyz.
  while (Date.now() < deadline) {
    const answer = await api.raw('/readyz', options.signal).catch((error: unknown) => {
      if (!options.signal.aborted) seen = error instanceof Error ? error.message : String(error)
      return undefined
    })
    if (answer?.status === 200) return
    if (answer !== undefined) seen = firstFailure(answer.body) ?? `HTTP ${answer.status}`
    await pause(100, options.signal).catch(() => {
      throw endedWith(options.signal, `the API server of ${api.description} is not ready: ${seen}`)
    })
  }
  throw timeoutError(api, seen, undefined)
}

async function isReadyNow(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await api.raw('/readyz', anySignal(signal, AbortSignal.timeout(2_000)))
    return answer.status === 200
  } catch {
    signal.throwIfAborted()
    return false
  }
}

/** Asks on when the command is cut off: a container that ended meanwhile is started again by the host. */
async function listening(node: NodeHandle, deadline: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = deadline - Date.now()
    if (leftMs <= 0) throw new Error(`nothing listens on port ${apiPort} of ${node.name}`)
    const argv = untilListening(Math.ceil(leftMs / 1000))
    try {
      const { exitCode } = await node.execText(argv, { timeoutMs: leftMs + 5_000, signal })
      if (exitCode === 0) return
    } catch (error) {
      if (signal.aborted || !isTemporary(error)) throw error
    }
    await pause(Math.min(500, Math.max(deadline - Date.now(), 0)), signal)
  }
}

function firstFailure(body: string): string | undefined {
  return body.split('\n').find((line) => line.startsWith('[-]'))
}

function timeoutError(api: KubeApi, seen: string, cause: unknown): KnestError {
  return new KnestError(
    'timeout',
    `the API server of ${api.description} did not become ready; last seen: ${seen}`,
    {
      hint: 'run the same command again to go on; the logs are on the node in /var/log/knest and /var/log/pods',
      cause,
    },
  )
}
