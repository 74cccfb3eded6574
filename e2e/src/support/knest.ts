import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hostContext } from './home.js'
import type { TestHome } from './home.js'

/** The built command. */
export const binary = fileURLToPath(new URL('../../../bin/knest', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  /** Called with every piece of standard error; may kill the process. */
  readonly onStderr?: (text: string, child: ChildProcess) => void
  /** The same of standard output. */
  readonly onStdout?: (text: string, child: ChildProcess) => void
  readonly env?: NodeJS.ProcessEnv
  /** The command that runs it, as in `nsenter …`. */
  readonly by?: readonly string[]
  /** Lets `create` and `apply` bring a controller; without, nobody but the test works on its clusters. */
  readonly controller?: boolean
}

/** Runs the built CLI as a user would, and gives how it ended. */
export function runKnest(
  home: TestHome,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const [verb = '', ...rest] = args
    const isAlone = ['create', 'apply'].includes(verb) && options.controller !== true
    // A last flag may miss its value.
    const argv = isAlone ? [verb, '--no-controller', ...rest] : args
    const [program, ...before] = [...(options.by ?? []), process.execPath]
    const child = spawn(program, [...before, binary, ...argv], {
      env: { ...home.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      options.onStdout?.(text, child)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      options.onStderr?.(text, child)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    child.stdin.end(options.input ?? '')
  })
}

/** Runs the CLI on the host under test and expects success; gives standard output. */
export async function knest(home: TestHome, ...args: readonly string[]): Promise<string> {
  // What is behind `--` is another program's.
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const context = ['--context', hostContext]
  const outcome = await runKnest(home, [...args.slice(0, end), ...context, ...args.slice(end)])
  if (outcome.code !== 0) {
    throw new Error(
      `knest ${args.join(' ')} ended with ${outcome.code ?? outcome.signal ?? ''}:\n${outcome.stderr}${outcome.stdout}`,
    )
  }
  return outcome.stdout
}
