import { KnestError } from 'knest'
import { Command } from 'commander'
import type { Deps } from '../deps.js'
import { globalOptions, type GlobalOptions } from '../global-options.js'
import { ask, withHost } from '../operation.js'
import { wholeNumber } from './number-flag.js'

const defaultPort = 8080

/** What the controller's image runs; also on a machine, with a kubeconfig, to see what it does. */
export async function controllerRun(
  deps: Deps,
  options: GlobalOptions & { readonly port: number },
): Promise<void> {
  await withHost(deps, options, async ({ controller }) => {
    const log = (line: string): void => deps.streams.err(`${deps.now().toISOString()} ${line}\n`)
    await ask(deps, (signal) => controller.work({ port: options.port, signal, log })).catch(
      (error: unknown) => {
        throw notListening(error, options.port) ?? error
      },
    )
  })
}

/** Undefined for any other failure. */
function notListening(error: unknown, port: number): KnestError | undefined {
  const { syscall, message } = error as Partial<NodeJS.ErrnoException>
  if (syscall !== 'listen') return undefined
  return new KnestError(
    'prerequisite',
    `port ${port} of this machine cannot be listened on: ${message ?? ''}`,
    {
      hint: 'give another one with --port',
      cause: error,
    },
  )
}

/** 0: any free one. */
function portNumber(text: string | undefined): number {
  const port = wholeNumber(text, '--port') ?? defaultPort
  if (port >= 0 && port <= 65_535) return port
  throw new KnestError('usage', `--port ${port} is no port`, { hint: 'use a number from 0 to 65535' })
}

export function controllerCommand(deps: Deps, run: typeof controllerRun = controllerRun): Command {
  return new Command('controller')
    .description('look after all clusters of the host until stopped: what the controller image runs')
    .option('--port <port>', `port of /metrics, /healthz and /readyz (default: ${defaultPort})`)
    .action(({ port }: { readonly port?: string }, command: Command) =>
      run(deps, { ...globalOptions(command), port: portNumber(port) }),
    )
}
