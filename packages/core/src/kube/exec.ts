import { StringDecoder } from 'node:string_decoder'
import { setImmediate } from 'node:timers/promises'
import type { PodRef } from '../contracts/kubernetes.js'
import type { ExecOptions, ExecResult } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { statusError, type ApiStatus } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import { openChannelSocket, ProtocolRefused, type ChannelSocket } from './channel-socket.js'
import { openDeadline, seconds } from '../signals.js'
import { objectPath } from './resources.js'

/** Channels of the remote command protocol. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

// Only v5 can say that stdin is at its end; older servers leave the command waiting for ever.
export const withStdinEnd = 'v5.channel.k8s.io'
export const withoutStdinEnd = 'v4.channel.k8s.io'

const stdinPiece = 64 * 1024
const mostOutput = 16 * 1024 * 1024

/**
 * Runs a command in a pod. Output beyond 16 MiB a stream is cut: the first 16 MiB and a line saying so.
 *
 * A command given more than 64 KiB of standard input should read all of it: the streaming between API
 * server and container runtime can block on what is left over, and the command's end is then not
 * reported before the time limit (seen with containerd 1.7; kubectl exec hangs in the same way).
 */
export async function execInPod(
  link: ApiLink,
  pod: PodRef,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const subject = podText(pod)
  const deadline = openDeadline(options.signal, options.timeoutMs, () => {
    const what = `command "${argv[0] ?? ''}" in ${subject} did not end within ${seconds(options.timeoutMs)}`
    return new KnestError('timeout', what, { hint: 'it may still run there' })
  })
  const ending = openEnding(link, subject, argv)
  const stdout = openOutput(options.onStdout)
  const stderr = openOutput(options.onStderr)
  let socket: ChannelSocket | undefined
  try {
    const withStdin = options.stdin !== undefined
    socket = await openChannelSocket(link, {
      path: execPath(pod, argv, { stdin: withStdin, stdout: true, stderr: true }),
      protocols: withStdin ? [withStdinEnd] : [withStdinEnd, withoutStdinEnd],
      signal: deadline.signal,
      subject,
      onMessage: (from, data) => {
        try {
          if (from === channel.stdout) stdout.write(data)
          else if (from === channel.stderr) stderr.write(data)
          else if (from === channel.status) ending.onStatus(data)
        } catch (error) {
          ending.onEnd(error)
        }
      },
      onEnd: ending.onEnd,
    })
    if (options.stdin !== undefined) {
      // A failure shows as the end of the socket, or does not matter since the command has ended.
      sendStdin(socket, toBuffer(options.stdin)).catch(() => undefined)
    }
    const exitCode = await ending.exitCode
    return { exitCode, stdout: stdout.end(), stderr: stderr.end() }
  } catch (error) {
    if (!(error instanceof ProtocolRefused)) throw error
    throw new KnestError(
      'prerequisite',
      `${link.description} cannot pass standard input to a command in ${subject}`,
      {
        hint: `knest needs Kubernetes 1.30 or newer on the host (protocol ${withStdinEnd})`,
        cause: error,
      },
    )
  } finally {
    deadline.clear()
    socket?.close()
  }
}

export function podText(pod: PodRef): string {
  return `pod "${pod.namespace}/${pod.name}"`
}

export function execPath(
  pod: PodRef,
  argv: readonly string[],
  streams: {
    readonly stdin: boolean
    readonly stdout: boolean
    readonly stderr: boolean
    readonly tty?: boolean
  },
): string {
  const query = new URLSearchParams()
  if (pod.container !== undefined) query.set('container', pod.container)
  for (const [name, wanted] of Object.entries(streams)) if (wanted) query.set(name, 'true')
  for (const argument of argv) query.append('command', argument)
  const pods = { plural: 'pods', namespaced: true }
  const path = objectPath({ apiVersion: 'v1', kind: 'Pod' }, pods, pod.namespace, pod.name, 'exec')
  return `${path}?${query.toString()}`
}

/** Waits for the status of the command; the end of the socket without one is an error. */
export function openEnding(link: ApiLink, subject: string, argv: readonly string[]) {
  let settle: { resolve(code: number): void; reject(error: unknown): void } | undefined
  const exitCode = new Promise<number>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // It may fail before anybody waits for it.
  exitCode.catch(() => undefined)
  let text = ''
  return {
    exitCode,
    onStatus: (data: Buffer) => {
      text += data.toString('utf8')
      const status = parseEnding(text)
      if (status === undefined) return
      const code = readExitCode(status)
      if (code !== undefined) settle?.resolve(code)
      else settle?.reject(startError(status, link, subject, argv))
    },
    onEnd: (error: unknown) => {
      const silent = `the connection to ${subject} was closed before command "${argv[0] ?? ''}" ended`
      settle?.reject(
        error ?? new KnestError('host-unreachable', silent, { hint: 'is the pod still running?' }),
      )
    },
  }
}

/** API servers leave out the kind here. Undefined until all of it has come. */
function parseEnding(text: string): ApiStatus | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'status' in value ? (value as ApiStatus) : undefined
  } catch {
    return undefined
  }
}

function readExitCode(status: ApiStatus): number | undefined {
  if (status.status === 'Success') return 0
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')
  const code = Number.parseInt(cause?.message ?? '', 10)
  return Number.isNaN(code) ? undefined : code
}

function startError(status: ApiStatus, link: ApiLink, subject: string, argv: readonly string[]): KnestError {
  const cause = statusError(status, link.asked(`running a command in ${subject}`))
  const said = status.message ?? 'no reason was given'
  return new KnestError(cause.code, `command "${argv[0] ?? ''}" could not be run in ${subject}: ${said}`, {
    hint: 'check that the container runs and has this program',
  })
}

export function toBuffer(data: string | Buffer): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data
}

async function sendStdin(socket: ChannelSocket, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length; from += stdinPiece) {
    await socket.send(channel.stdin, bytes.subarray(from, from + stdinPiece))
    // Lets in what has come meanwhile, such as the end of a command that does not want all of this.
    await setImmediate()
  }
  await socket.send(channel.close, Uint8Array.of(channel.stdin))
}

function openOutput(onText?: (text: string) => void) {
  const decoder = new StringDecoder('utf8')
  const pieces: string[] = []
  let bytes = 0
  return {
    write: (data: Buffer) => {
      const kept = data.subarray(0, Math.max(0, mostOutput - bytes))
      bytes += data.length
      const text = decoder.write(onText === undefined ? kept : data)
      // A character is never longer than its bytes, so this keeps to the limit.
      if (kept.length > 0) pieces.push(text.slice(0, kept.length + 1))
      if (text !== '') onText?.(text)
    },
    end: () => {
      const rest = decoder.end()
      if (rest !== '') onText?.(rest)
      const text = pieces.join('') + rest
      return bytes > mostOutput ? `${text}\n[cut after ${mostOutput / 1024 / 1024} MiB]\n` : text
    },
  }
}
