import { setImmediate } from 'node:timers/promises'
import type { PodExecOptions, PodRef } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { statusError, type ApiStatus } from './api-errors.js'
import type { ApiLink } from './api-link.js'
import { openEndMarks } from './end-mark.js'
import { openChannelSocket, ProtocolRefused, type ChannelSocket } from './channel-socket.js'
import { beforeWrite, openDeadline, seconds, unlessAborted } from '../signals.js'
import { openInput, openOutput, sharePause, type Input } from '../streams/index.js'
import { parseInt64 } from '../values/index.js'
import { objectPath } from './resources.js'

/** Channels of the remote command protocol. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

// Only v5 can say that stdin is at its end; older servers leave the command waiting for ever.
export const withStdinEnd = 'v5.channel.k8s.io'
export const withoutStdinEnd = 'v4.channel.k8s.io'

/** Runs a command in a pod. */
export async function execInPod(
  link: ApiLink,
  pod: PodRef,
  argv: readonly string[],
  options: PodExecOptions,
): Promise<number> {
  const subject = podText(pod)
  const called = options.called ?? argv[0] ?? ''
  await beforeWrite(options.signal)
  const deadline = openDeadline(options.signal, options.timeoutMs, () => {
    const what = `command "${called}" in ${subject} did not end within ${seconds(options.timeoutMs)}`
    return new KnestError('timeout', what, { hint: 'it may still run there' })
  })
  const ending = openEnding(link, subject, called)
  const input = options.stdin === undefined ? undefined : openInput(options.stdin)
  let socket: ChannelSocket | undefined
  // Both come on one connection: who lets one of them wait lets both wait.
  const reading = sharePause({ pause: () => socket?.pause(), resume: () => socket?.resume() })
  const output = openOutput(options, { stdout: reading, stderr: reading })
  const marks = options.endMark === undefined ? undefined : openEndMarks(options.endMark, () => input?.stop())
  try {
    socket = await openChannelSocket(link, {
      path: execPath(pod, argv, { stdin: input !== undefined, stdout: true, stderr: true }),
      protocols: input === undefined ? [withStdinEnd, withoutStdinEnd] : [withStdinEnd],
      signal: deadline.signal,
      subject,
      onMessage: (from, data) => {
        if (from === channel.stdout) output.stdout.write(marks?.stdout(data) ?? data)
        else if (from === channel.stderr) output.stderr.write(marks?.stderr(data) ?? data)
        else if (from === channel.status) ending.onStatus(data)
      },
      onEnd: ending.onEnd,
    })
    if (reading.paused) socket.pause()
    if (input !== undefined)
      sendStdin(socket, input, () => marks?.exitCode() !== undefined).catch(output.fail)
    const told = await Promise.race([output.failed, ending.exitCode])
    const marked = marks?.exitCode()
    if (marks !== undefined && marked === undefined) {
      // Success of a command that has not said that it is at its end is the end of a connection.
      if (told === 0) throw cutOff(subject, called)
      const { stdout, stderr } = marks.rest()
      output.stdout.write(stdout)
      output.stderr.write(stderr)
    }
    await unlessAborted(output.taken(), deadline.signal)
    return marked ?? told
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
    input?.stop()
    output.release()
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
export function openEnding(link: ApiLink, subject: string, called: string) {
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
      else settle?.reject(startError(status, link, subject, called))
    },
    onEnd: (error: unknown) => settle?.reject(error ?? cutOff(subject, called)),
  }
}

function cutOff(subject: string, called: string): KnestError {
  const what = `the connection to ${subject} was closed before command "${called}" ended`
  return new KnestError('host-unreachable', what, { hint: 'is the pod still running?' })
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
  const code = parseInt64(cause?.message ?? '')
  return code === undefined ? undefined : Number(code)
}

function startError(status: ApiStatus, link: ApiLink, subject: string, called: string): KnestError {
  const cause = statusError(status, link.asked(`running a command in ${subject}`))
  const said = status.message ?? 'no reason was given'
  return new KnestError(cause.code, `command "${called}" could not be run in ${subject}: ${said}`, {
    hint: 'check that the container runs and has this program',
  })
}

/** Rejects with the error of what is read: half of an input must not look like all of it. */
async function sendStdin(socket: ChannelSocket, input: Input, isOver: () => boolean): Promise<void> {
  const sent = await input.sendTo(async (bytes) => {
    await socket.send(channel.stdin, bytes)
    // Lets in what has come meanwhile, such as the end of a command that does not want all of this.
    await setImmediate()
  })
  // A failure shows as the end of the socket, or does not matter since the command has ended.
  if (sent === 'all' || isOver())
    await socket.send(channel.close, Uint8Array.of(channel.stdin)).catch(() => undefined)
}
