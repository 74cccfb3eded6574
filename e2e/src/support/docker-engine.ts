import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = (name: string): string =>
  fileURLToPath(new URL(`../../docker-engine/${name}`, import.meta.url))
const builder = fileURLToPath(new URL('../../../hack/build-images', import.meta.url))

/** Debian's Docker Engine beside whatever this machine has, with a network of its own: test equipment. */
export interface DockerEngine {
  /** Has `docker` work with it. */
  readonly env: NodeJS.ProcessEnv
  /** Runs a command in its network, which reaches its containers. */
  readonly by: readonly string[]
  /** Runs `docker`; gives standard output. */
  readonly run: (...args: readonly string[]) => string
  /** Ends the daemon as its service does, or as a crash, and starts another. */
  restart(how: 'stop' | 'kill'): Promise<void>
  /** Takes away the engine with all that it has. */
  remove(): Promise<void>
}

/** Starts one that has the node image. Where there cannot be one, gives why. */
export async function startDockerEngine(): Promise<DockerEngine | { readonly skipped: string }> {
  if (process.getuid?.() !== 0) return { skipped: 'Docker Engine needs root' }
  const fetched = spawnSync(script('fetch'), { encoding: 'utf8' })
  if (fetched.status === 3) return { skipped: fetched.stderr.trim() }
  if (fetched.status !== 0) throw new Error(`fetch ended with ${fetched.status ?? ''}: ${fetched.stderr}`)

  const child = spawn(script('serve'), [fetched.stdout.trim()], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C is for the test, which ends it by its standard input.
    detached: true,
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const heard = async (expected: RegExp): Promise<string> => {
    const line = await lines.next()
    const said = line.done === true ? 'nothing more' : line.value
    if (!expected.test(said))
      throw new Error(`the Docker Engine of the test says ${said}, not ${expected.source}`)
    return said
  }
  const tell = async (word: 'start' | 'stop' | 'kill'): Promise<void> => {
    child.stdin.write(`${word}\n`)
    await heard(/^done$/)
  }
  const remove = async (): Promise<void> => {
    if (child.exitCode !== null) return
    const gone = once(child, 'close')
    child.stdin.end()
    await gone
  }
  try {
    const folder = (await heard(/^folder /)).slice('folder '.length)
    await tell('start')
    const env = {
      ...process.env,
      PATH: `${folder}/programs:${process.env.PATH ?? ''}`,
      DOCKER_HOST: `unix://${folder}/docker.sock`,
    }
    const run = (...args: readonly string[]): string =>
      execFileSync('docker', args, { env, encoding: 'utf8' })
    execFileSync(builder, ['--engine', 'docker'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    return {
      env,
      by: ['nsenter', `--net=/proc/${child.pid ?? ''}/ns/net`],
      run,
      restart: async (how) => {
        await tell(how)
        await tell('start')
      },
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}
