import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import type { Outcome, RunOptions } from './support/knest.js'
import { hostNodes, nodeFlags } from './support/nodes.js'
import { commandIn, embeddedEngine, hostApiServer, pauseAt, type Stoppable } from './support/pausing.js'

const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong)
  console.log('skipped: pauses in all but a create, a minute each: hack/test --long has time for them')

const name = 'e2e-pauses'
const namespace = `knest-${name}`
const cp = `${name}-cp-0`
const first = `${name}-worker-0`
const second = `${name}-worker-1`
/** A lock is lost when it was not renewed for ten seconds, which are tried every five, and for five. */
const seconds = isLong ? 30 : 20
const commandSeconds = 60

interface Row {
  readonly verb: string
  readonly args: readonly string[]
  readonly input?: string
  /** What the command says in the middle of its work. */
  readonly at: string
  readonly nodes: readonly string[]
}

const one = `apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: { name: ${name} }\nspec: { workers: [{ name: worker, count: 1 }] }\n`

const rows: readonly Row[] = [
  {
    verb: 'create',
    args: [name, ...nodeFlags, '--worker-machine-count', '1'],
    at: 'Wait for the API server',
    nodes: [cp, first],
  },
  { verb: 'scale', args: [name, '1:2'], at: `"${second}"`, nodes: [cp, first, second] },
  { verb: 'apply', args: ['-f', '-'], input: one, at: `"${second}"`, nodes: [cp, first] },
]
const deletion: Row = { verb: 'delete', args: [name], at: 'Delete', nodes: [] }

// The tests go on from each other.
describe('a command that has begun', () => {
  let home: TestHome
  let host: KubeApi
  let apiServer: Stoppable | undefined

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    apiServer = await hostApiServer(home)
  })
  afterAll(async () => {
    await knest(['delete', name, '--ignore-not-found'])
    host.close()
    home.remove()
  })

  const knest = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    runKnest(home, [...args, '--context', hostContext], options)

  const goesOn = async ({ verb, args, input, at, nodes }: Row): Promise<void> => {
    if (apiServer === undefined) return
    const pausing = pauseAt(at, seconds, apiServer)
    const began = Date.now()
    const outcome = await knest([verb, ...args], {
      onStderr: pausing.onStderr,
      ...(input !== undefined && { input }),
    })
    await pausing.ended()
    console.log(`${verb}: ${Math.round((Date.now() - began) / 1_000)} s, ${seconds} s of them stopped`)
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(outcome.stderr).toContain('could not be renewed')
    expect(await hostNodes(host, namespace)).toEqual(nodes)
  }

  it.each(isLong ? rows : rows.slice(0, 1))(
    '$verb goes on when the API server of the host was stopped',
    goesOn,
  )

  it('a command in a node whose kubelet on the host is started anew is not said to have ended well', async () => {
    const engine = await embeddedEngine(home)
    if (engine === undefined) return
    let began: () => void = () => undefined
    const running = new Promise<void>((resolve) => (began = resolve))
    const asked = knest(['ssh', name, 'cp-0', '--', 'sh', '-c', 'echo begun >&2; sleep 30; exit 5'], {
      onStderr: (said) => {
        if (said.includes('begun')) began()
      },
    })
    await Promise.race([running, asked])
    execFileSync(engine, ['exec', `${hostContext}-cp-0`, 'systemctl', 'restart', 'kubelet'])
    const { code, stderr } = await asked
    expect([code, stderr]).toEqual([3, expect.stringMatching(/the connection to pod .* (closed|lost)/)])
  })

  it.runIf(isLong)('a command that was stopped for a minute goes on with its lock', async () => {
    const pausing = pauseAt(`"${second}"`, commandSeconds, commandIn)
    const outcome = await knest(['scale', name, '1:2'], { onStderr: pausing.onStderr })
    await pausing.ended()
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(await hostNodes(host, namespace)).toEqual([cp, first, second])
  })

  it.runIf(isLong)('a command that was stopped and lost its lock says so, and writes nothing', async () => {
    const pausing = pauseAt(`"${second}"`, commandSeconds, commandIn)
    const stopped = knest(['scale', name, '1:1'], { onStderr: pausing.onStderr })
    await Promise.race([pausing.begun, stopped])
    const other = await knest(['scale', name, '1:2'])
    expect(other.code, other.stderr).toBe(0)
    const outcome = await stopped
    expect(outcome.code, outcome.stderr).toBe(4)
    expect(outcome.stderr).toContain(`somebody else took over cluster "${name}"`)
    expect(await hostNodes(host, namespace)).toEqual([cp, first, second])
  })

  it.runIf(isLong)('delete goes on when the API server of the host was stopped', () => goesOn(deletion))
})
