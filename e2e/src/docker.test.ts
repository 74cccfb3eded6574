import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDockerEngine } from './support/docker-engine.js'
import type { DockerEngine } from './support/docker-engine.js'
import { createHome } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import { secondsUntil } from './support/until.js'

const host = 'knest-e2e-docker'
const cluster = 'e2e-in-docker'
const hostFlags = ['--name', host, '--engine', 'docker']

const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong)
  console.log('skipped: a crash and a restart of Docker Engine: hack/test --long has time for them')

// The other engine: every other test of the embedded host runs on podman where that is installed.
describe('the embedded host on Docker Engine', () => {
  let docker: DockerEngine | undefined
  let skipped: string | undefined
  let home: TestHome
  let before: readonly string[]
  let isMade = false

  beforeAll(async () => {
    home = createHome()
    // No host but its own is in view.
    rmSync(home.kubeconfig, { force: true })
    const started = await startDockerEngine()
    if ('skipped' in started) {
      skipped = started.skipped
      return
    }
    docker = started
    // Nobody needs it here, and `host up` would copy it.
    docker.run(
      'image',
      'rm',
      ...docker.run('image', 'ls', '--quiet', 'localhost/knest/controller').trim().split('\n'),
    )
    console.log(`Docker Engine ${docker.run('version', '--format', '{{.Server.Version}}').trim()}`)
    before = objects(docker)
  })
  afterAll(async () => {
    await docker?.remove()
    home.remove()
  })

  /** Whatever knest might leave. */
  const objects = ({ run }: DockerEngine): readonly string[] =>
    [
      run('ps', '--all', '--format', 'container {{.Names}}'),
      run('volume', 'ls', '--format', 'volume {{.Name}}'),
      run('network', 'ls', '--format', 'network {{.Name}}'),
      run('image', 'ls', '--all', '--format', 'image {{.Repository}}:{{.Tag}}'),
    ].flatMap((lines) =>
      lines
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
    )

  /** Must end well; gives standard output. */
  const knest = async ({ env, by }: DockerEngine, ...args: readonly string[]): Promise<string> => {
    const began = Date.now()
    const { PATH, DOCKER_HOST } = env
    const { code, signal, stdout, stderr } = await runKnest(home, args, { env: { PATH, DOCKER_HOST }, by })
    if (code !== 0)
      throw new Error(`knest ${args.join(' ')} ended with ${code ?? signal ?? ''}: ${stderr}${stdout}`)
    console.log(`knest ${args.slice(0, 2).join(' ')}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
    return stdout
  }

  /** On the nested control plane, as its administrator. */
  const inCluster = (engine: DockerEngine, commands: string): Promise<string> =>
    knest(
      engine,
      ...['ssh', cluster, 'cp-0', '--context', host, '--'],
      ...['env', 'KUBECONFIG=/etc/kubernetes/admin.conf', 'sh', '-euc', commands],
    )

  const startOf = ({ run }: DockerEngine): string =>
    run('inspect', '--format', '{{.State.StartedAt}}', `${host}-cp-0`)

  it('comes up, and says on what', async (context) => {
    if (docker === undefined) return context.skip(skipped)
    await knest(docker, 'host', 'up', ...hostFlags)
    const status = JSON.parse(await knest(docker, 'host', 'status', ...hostFlags, '-o', 'json')) as unknown
    expect(status).toMatchObject({ name: host, engine: 'docker', phase: 'running', reason: null })
  })

  it('holds a nested cluster', async (context) => {
    if (docker === undefined) return context.skip(skipped)
    await knest(docker, 'create', cluster, '--worker-machine-count', '0', '--context', host)
    await inCluster(docker, 'kubectl create configmap proof --from-literal=written=before')
    isMade = true
  })

  it.skipIf(!isLong).for(['kill', 'stop'] as const)(
    'comes back by itself with the cluster after a %s of the daemon',
    async (how, context) => {
      if (docker === undefined || !isMade) return context.skip(skipped ?? 'there is no cluster')
      const engine = docker
      const started = startOf(engine)
      await engine.restart(how)
      // What runs a new pod has API server, scheduler, kubelet and network.
      const run = `kubectl get pod after-${how} || kubectl run after-${how} --image localhost/knest/busybox:1 \
        --image-pull-policy Never --restart Never --overrides '{"spec":{"tolerations":[{"operator":"Exists"}]}}' -- true`
      const ended = `kubectl wait pod after-${how} --for jsonpath={.status.phase}=Succeeded --timeout 5s`
      const seconds = await secondsUntil(
        async () => (await inCluster(engine, `{ ${run}; } >/dev/null; ${ended}`)) !== '',
        150,
        'a new pod in the nested cluster to end',
      )
      console.log(`the nested cluster runs a new pod ${seconds.toFixed(1)} s after a ${how} of the daemon`)
      expect(startOf(engine)).not.toBe(started)
      const proof = await inCluster(engine, 'kubectl get configmap proof -o jsonpath={.data.written}')
      expect(proof).toBe('before')
    },
  )

  it('goes, and leaves nothing', async (context) => {
    if (docker === undefined) return context.skip(skipped)
    await knest(docker, 'host', 'down', ...hostFlags)
    expect(objects(docker)).toEqual(before)
  })
})
