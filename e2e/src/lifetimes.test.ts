import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { never, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { expectInventory, inventory, quietInventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { podKind } from './support/nodes.js'
import { embeddedEngine } from './support/pausing.js'
import { secondsUntil } from './support/until.js'

const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const owner = { name: 'e2e-job', namespace: 'default' }
const deleteWith = ['--delete-with', `pod/${owner.namespace}/${owner.name}`]
const mostSeconds = 120

interface Life {
  readonly name: string
  readonly flags: readonly string[]
  /** What standard error says when the command is killed; absent: as soon as the host has the cluster's object. */
  readonly killedAt?: RegExp
}

const withEnd: readonly Life[] = [
  { name: 'e2e-ttl-object', flags: ['--ttl', '1m'] },
  { name: 'e2e-ttl-node', flags: ['--ttl', '1m'], killedAt: /Create node .*: done/ },
  {
    name: 'e2e-ttl-disk',
    flags: ['--ttl', '1m', '--persistent'],
    killedAt: /Start the control plane .*\.\.\./,
  },
]
const owned: readonly Life[] = [
  { name: 'e2e-owned-object', flags: deleteWith },
  { name: 'e2e-owned-node', flags: deleteWith, killedAt: /Create node .*: done/ },
]

const home = createHome()
const engine = await embeddedEngine(home)
if (engine === undefined)
  console.log(`skipped: the host of context "${hostContext}" is not embedded, its controller is not killed`)

describe.skipIf(engine === undefined)('of a cluster that ends by itself nothing is left', () => {
  let host: KubeApi
  let before: readonly string[]
  /** The same with a controller that has nothing to do. */
  let around: readonly string[]

  beforeAll(async () => {
    host = await openHost(home)
    before = await quietInventory(host)
    await knest(home, 'host', 'install', 'controller', '--timeout', '2m')
    around = await inventory(host)
  })
  afterAll(async () => {
    await host.delete(podKind, owner.name, owner.namespace, { signal: never })
    for (const { name } of [...withEnd, ...owned])
      await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    await knest(home, 'host', 'uninstall', 'controller')
    await expectInventory(host, before)
    host.close()
    home.remove()
  })

  const isNothingLeft = async (): Promise<boolean> => {
    expect(await inventory(host)).toEqual(around)
    return true
  }

  it('two minutes after its create and the controller were killed, when its time is over', async () => {
    await Promise.all(withEnd.map((life) => createKilled(home, host, life)))
    killControllers(engine)
    await delay(5_000)
    killControllers(engine)
    const seconds = await secondsUntil(isNothingLeft, mostSeconds, 'nothing to be left')
    console.log(`${withEnd.length} clusters with --ttl 1m: nothing left after ${seconds.toFixed(0)} s`)
  })

  it('two minutes after its pod was deleted, and the controller killed', async () => {
    const spec = {
      nodeSelector: { 'knest.dev/no-such-node': '' },
      containers: [{ name: 'job', image: 'localhost/none' }],
    }
    await host.create({ ...podKind, metadata: owner, spec }, { signal: never })
    await Promise.all(owned.map((life) => createKilled(home, host, life)))
    killControllers(engine)
    await host.delete(podKind, owner.name, owner.namespace, { signal: never })
    const seconds = await secondsUntil(isNothingLeft, mostSeconds, 'nothing to be left')
    console.log(`${owned.length} clusters of a deleted pod: nothing left after ${seconds.toFixed(0)} s`)
  })
})

async function createKilled(home: TestHome, host: KubeApi, { name, flags, killedAt }: Life): Promise<void> {
  const object = (): Promise<KubeObject | undefined> =>
    host.get(clusterKind, name, `knest-${name}`, never).catch(() => undefined)
  let watching: Promise<unknown> | undefined
  const killed = await runKnest(home, ['create', name, ...flags, '--context', hostContext], {
    onStderr: (text, child) => {
      if (killedAt?.test(text) === true) child.kill('SIGKILL')
      if (killedAt !== undefined) return
      watching ??= secondsUntil(async () => (await object()) !== undefined, 60, `"${name}"`).then(() =>
        child.kill('SIGKILL'),
      )
    },
  })
  await watching
  expect(killed.signal, killed.stderr).toBe('SIGKILL')
  expect(await object()).toBeDefined()
}

/** As `kill -9` does, in the container of the embedded host: their pods stay. */
function killControllers(engine: string | undefined): void {
  if (engine === undefined) throw new Error('the host is no embedded one')
  const run = (...argv: readonly string[]): string =>
    execFileSync(engine, ['exec', `${hostContext}-cp-0`, ...argv], { encoding: 'utf8' })
  const ids = run('pgrep', '-f', '/knest[.]cjs controller$').trim().split('\n')
  run('kill', '-9', ...ids)
}
