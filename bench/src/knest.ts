import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.js'

/** The build of this checkout. */
export const ownBinary = fileURLToPath(new URL('../../bin/knest', import.meta.url))
const watcher = fileURLToPath(new URL('../watch-command.cjs', import.meta.url))

export const hostContext = 'knest-host'

/** One build of the command; all it does is done on the embedded host. */
export interface Knest {
  /** Gives the seconds it took. */
  run(...args: readonly string[]): Promise<number>
  output(...args: readonly string[]): Promise<string>
  /** Gives the seconds it took. */
  create(name: string, controlPlanes: number, workers: number, ...flags: readonly string[]): Promise<number>
  /** A create that also tells what the command itself used. */
  watchedCreate(name: string, controlPlanes: number, workers: number): Promise<Watched>
  /** The same of any command. */
  watched(...args: readonly string[]): Promise<Watched>
  /** A cluster that is not there is already removed. */
  remove(name: string): Promise<void>
}

interface Watched {
  readonly seconds: number
  readonly cpuSeconds: number
  /** To the API server of the host. */
  readonly hostRequests: number
  /** Most memory that it had. */
  readonly peakMiB: number
}

export function knestOf(binary: string): Knest {
  const start = (...args: readonly string[]): ReturnType<typeof run> =>
    run(process.execPath, [binary, '--context', hostContext, ...args])
  const watch = (...args: readonly string[]): Promise<Watched> =>
    watched([binary, '--context', hostContext, ...args])
  const runIt = async (...args: readonly string[]): Promise<number> => (await start(...args)).seconds
  return {
    run: runIt,
    output: async (...args) => (await start(...args)).stdout,
    create: (name, controlPlanes, workers, ...flags) =>
      runIt(...createArguments(name, controlPlanes, workers), ...flags),
    watchedCreate: (name, controlPlanes, workers) => watch(...createArguments(name, controlPlanes, workers)),
    watched: watch,
    // With its namespace: other clusters are not even looked at.
    remove: async (name) => {
      await runIt('delete', name, '-n', `knest-${name}`, '--ignore-not-found')
    },
  }
}

function createArguments(name: string, controlPlanes: number, workers: number): readonly string[] {
  return [
    ...['create', name, '--control-plane-machine-count', String(controlPlanes)],
    ...['--worker-machine-count', String(workers)],
  ]
}

async function watched(command: readonly string[]): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'knest-bench-'))
  try {
    const file = join(folder, 'watched.json')
    const { seconds } = await run(process.execPath, ['--require', watcher, ...command], {
      env: { KNEST_BENCH_WATCHED: file },
    })
    const used = JSON.parse(readFileSync(file, 'utf8')) as Omit<Watched, 'seconds'>
    return { seconds, ...used }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
