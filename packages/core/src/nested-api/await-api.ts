import type { KubeApi } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { isTemporary } from '../kube/temporary.js'
import { askLastWords, silencers } from '../node/last-words.js'
import { anySignal, beginWait, endedWith, pause } from '../signals.js'
import { apiPort } from './open.js'

/** Longer than an API server takes to start that lacks nothing: nobody is asked before. */
const patienceMs = 25_000

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
  const words = lookForWords(nodes, options.signal)
  try {
    await untilReady(api, nodes, { ...options, words: words.found })
  } finally {
    words.close()
    await endWait()
  }
}

/** Looks now and then what ends the API server, or etcd, while somebody waits for long. */
function lookForWords(
  nodes: readonly NodeHandle[],
  signal: AbortSignal,
): { readonly found: () => readonly string[]; readonly close: () => void } {
  const closed = new AbortController()
  const until = anySignal(signal, closed.signal)
  let words: readonly string[] = []
  const look = async (): Promise<void> => {
    while (!until.aborted) {
      await pause(patienceMs, until)
      const answers = await Promise.allSettled(nodes.map((node) => askLastWords(node, until)))
      words = answers.flatMap((each) => (each.status === 'fulfilled' ? silencers(each.value) : []))
    }
  }
  // It ends with the wait.
  void look().catch(() => undefined)
  return { found: () => words, close: () => closed.abort() }
}

async function untilReady(
  api: KubeApi,
  nodes: readonly NodeHandle[],
  options: {
    readonly timeoutMs: number
    readonly signal: AbortSignal
    /** What the parts of the control plane said last that do not run. */
    readonly words: () => readonly string[]
  },
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs
  const ended = new AbortController()
  const signal = anySignal(options.signal, ended.signal)
  try {
    await Promise.any(nodes.map((node) => listening(node, deadline, signal)))
  } catch (error) {
    const nobody = 'nothing listens on its port'
    if (options.signal.aborted)
      throw endedWith(
        options.signal,
        `the API server of ${api.description} is not ready: ${because(nobody, options.words())}`,
      )
    throw timeoutError(api, nobody, options.words(), error)
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
      throw endedWith(
        options.signal,
        `the API server of ${api.description} is not ready: ${because(seen, options.words())}`,
      )
    })
  }
  throw timeoutError(api, seen, options.words(), undefined)
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

function because(seen: string, words: readonly string[]): string {
  return [seen, ...words].join('; ')
}

function timeoutError(api: KubeApi, seen: string, words: readonly string[], cause: unknown): KnestError {
  const cure = words.length === 0 ? '' : 'correct what it names, then '
  return new KnestError(
    'timeout',
    `the API server of ${api.description} did not become ready; last seen: ${because(seen, words)}`,
    {
      hint: `${cure}run the same command again to go on; the logs are on the node in /var/log/knest and /var/log/pods`,
      cause,
    },
  )
}
