import { connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { collectText, KnestError, startLimit } from '@knest/core'
import type { ExecOptions, NodeHandle, NodeRole } from '@knest/core'
import type { ContainerEngine, EngineName } from '../engine/engine.js'
import { inspectContainer } from '../engine/objects.js'
import { lastWords, type ProgramResult } from '../engine/program.js'

const dialTimeoutMs = 5_000

/** A node whose container runs. */
export function openContainer(
  engine: ContainerEngine,
  name: string,
  role: NodeRole,
  ip: string | undefined,
): NodeHandle {
  return {
    name,
    role,
    exec: (argv, options) => execInContainer(engine, name, argv, options),
    execText: (argv, options) =>
      collectText((output) => execInContainer(engine, name, argv, { ...options, ...output })),
    dial: async (port, signal) => {
      const address = ip ?? (await inspectContainer(engine, name, signal))?.ip
      if (address === undefined) throw unreachable(engine, name, 'it does not run')
      return dial(address, port, signal)
    },
    terminal: (argv, _streams, signal) =>
      engine.programs.interactive(engine.argv(['exec', '--interactive', '--tty', name, ...argv]), signal),
  }
}

async function execInContainer(
  engine: ContainerEngine,
  name: string,
  argv: readonly string[],
  options: ExecOptions,
): Promise<number> {
  const interactive = options.stdin === undefined ? [] : ['--interactive']
  const heard = new Overheard(options.stderr)
  const exitCode = await engine.stream(['exec', ...interactive, name, ...argv], { ...options, stderr: heard })
  heard.release()
  const result = { exitCode, stdout: '', stderr: heard.text() }
  if (isEngineFault(engine.name, result)) throw unreachable(engine, name, lastWords(result))
  return exitCode
}

/** Passes everything on, and remembers the last of it. */
class Overheard extends Writable {
  readonly #to: Writable
  #last = Buffer.alloc(0)

  constructor(to: Writable) {
    super()
    this.#to = to
    // What fails in writing is told by the callback; the event needs a listener.
    to.on('error', ignore)
  }

  release(): void {
    this.#to.off('error', ignore)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#last = Buffer.concat([this.#last, chunk]).subarray(-4096)
    this.#to.write(chunk, done)
  }

  text(): string {
    return this.#last.toString('utf8')
  }
}

function ignore(): void {
  // See above.
}

/**
 * The engine's own failures look like the command's but for what they say; podman gives 125, or 255 for a stopped
 * container. docker, whose daemon ends meanwhile, gives 255 and says nothing, or where it fails to write.
 */
export function isEngineFault(engine: EngineName, { exitCode, stderr }: ProgramResult): boolean {
  return engine === 'podman'
    ? (exitCode === 125 && /^Error: /m.test(stderr)) ||
        (exitCode === 255 &&
          /^Error: .*(container state improper|cannot exec in a stopped container)/m.test(stderr))
    : (exitCode === 1 && dockerFault.test(stderr)) || (exitCode === 255 && stderr === '')
}

const dockerFault =
  /^(Error response from daemon|Cannot connect to the Docker daemon|Error: No such container: |(read|write) unix .*: (connection reset by peer|broken pipe))/m

function unreachable(engine: ContainerEngine, name: string, reason: string): KnestError {
  return new KnestError('host-unreachable', `container "${name}" takes no commands: ${reason}`, {
    hint: `see: ${engine.name} ps --all; ${engine.name} logs ${name}`,
  })
}

function dial(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true })
    const fail = (error: unknown): void => {
      forget()
      socket.destroy()
      reject(
        new KnestError('host-unreachable', `port ${port} of ${address} does not answer`, { cause: error }),
      )
    }
    const onAbort = (): void => fail(signal.reason)
    const forgetLimit = startLimit(dialTimeoutMs, () => fail(new Error('timed out')))
    const forget = (): void => {
      forgetLimit()
      signal.removeEventListener('abort', onAbort)
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      forget()
      socket.off('error', fail)
      resolve(socket)
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
