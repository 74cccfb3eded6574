import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.js'

const binary = fileURLToPath(new URL('../../bin/knest', import.meta.url))
const watcher = fileURLToPath(new URL('../watch-command.cjs', import.meta.url))

export const hostContext = 'knest-host'

/** Runs the command on the embedded host; gives its seconds. */
export async function knest(...args: readonly string[]): Promise<number> {
  const { seconds } = await run(process.execPath, [binary, ...args, '--context', hostContext])
  return seconds
}

export async function create(
  name: string,
  controlPlanes: number,
  workers: number,
  ...flags: readonly string[]
): Promise<number> {
  return knest(...createArguments(name, controlPlanes, workers), ...flags)
}

function createArguments(name: string, controlPlanes: number, workers: number): readonly string[] {
  return [
    ...['create', name, '--control-plane-machine-count', String(controlPlanes)],
    ...['--worker-machine-count', String(workers)],
  ]
}

export async function remove(name: string): Promise<void> {
  // With its namespace: other clusters are not even looked at.
  await knest('delete', name, '-n', `knest-${name}`, '--ignore-not-found')
}

export interface Watched {
  readonly seconds: number
  readonly cpuSeconds: number
  /** To the API server of the host. */
  readonly hostRequests: number
}

/** A create that also tells what the command itself used. */
export async function watchedCreate(name: string, controlPlanes: number, workers: number): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'knest-bench-'))
  try {
    const file = join(folder, 'watched.json')
    const args = [...createArguments(name, controlPlanes, workers), '--context', hostContext]
    const { seconds } = await run(process.execPath, ['--require', watcher, binary, ...args], {
      env: { KNEST_BENCH_WATCHED: file },
    })
    const { cpuSeconds, hostRequests } = JSON.parse(readFileSync(file, 'utf8')) as Omit<Watched, 'seconds'>
    return { seconds, cpuSeconds, hostRequests }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
