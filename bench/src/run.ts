import { spawn } from 'node:child_process'

export interface Run {
  readonly seconds: number
  readonly stdout: string
}

/** Runs a command to its end and times it; throws with its output when it fails. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command, args, { env: { ...process.env, ...options.env } })
    let stdout = ''
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve({ seconds: (performance.now() - started) / 1000, stdout })
      else
        reject(
          new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}:\n${output.slice(-4000)}`),
        )
    })
    // Who ends without reading says so by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}
