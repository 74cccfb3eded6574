import { fileURLToPath } from 'node:url'
import { run } from './run.js'

const binary = fileURLToPath(new URL('../../bin/knest', import.meta.url))

/** Runs the CLI on the embedded host; gives its seconds. */
export async function knest(...args: readonly string[]): Promise<number> {
  const { seconds } = await run(process.execPath, [binary, ...args, '--context', 'knest-host'])
  return seconds
}
