import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import { embeddedEngine } from './support/pausing.js'

const count = 12
const names = Array.from({ length: count }, (_, index) => `e2e-many-${index}`)
/** Fewer than all to see what an order would gain: docs/performance.md. */
const atATime = Number(process.env.KNEST_BUSY_AT_A_TIME ?? count)
const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const never = new AbortController().signal

const isShort = process.env.KNEST_BUSY_ROUNDS === undefined
if (isShort) console.log(`skipped: ${count} creates at once: hack/test busy has time for them`)

describe.skipIf(isShort)(`${count} creates, ${atATime} at a time`, () => {
  let home: TestHome
  let host: KubeApi

  const remove = (): Promise<unknown> =>
    Promise.all(
      names.map((name) => runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])),
    )

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    await remove()
  })
  afterAll(async () => {
    await remove()
    host.close()
    home.remove()
  })

  it('all of them are Ready', async () => {
    const engine = await embeddedEngine(home)
    const before = memoryOf(engine)
    let most = before
    const ending = new AbortController()
    const watching = (async () => {
      // Nothing tells of a new maximum of what cannot be given back.
      while (await delay(2_000, true, { signal: ending.signal }).catch(() => false))
        most = Math.max(most, memoryOf(engine))
    })()
    const began = Date.now()
    const seconds = (): number => Math.round((Date.now() - began) / 1_000)
    const waiting = [...names]
    const ready: number[] = []
    const create = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const flags = ['--worker-machine-count', '0', '--timeout', '20m', '--context', hostContext]
        const { code, stderr } = await runKnest(home, ['create', name, ...flags])
        expect(code, `${name}\n${stderr}`).toBe(0)
        ready.push(seconds())
      }
    }
    try {
      await Promise.all(Array.from({ length: atATime }, create))
    } finally {
      ending.abort()
      await watching
      const mebibytes = Math.round((most - before) / 2 ** 20)
      const mean = Math.round(ready.reduce((sum, each) => sum + each, 0) / ready.length)
      console.log(`Ready after ${ready.join(', ')} s, mean ${mean} s; ${mebibytes} MiB more at most`)
    }
    for (const name of names) {
      const cluster = await host.get(clusterKind, name, `knest-${name}`, never)
      expect([name, (cluster?.status as { phase?: string } | undefined)?.phase]).toEqual([name, 'Ready'])
    }
  })
})

/** What all on the embedded host have that no other can use; 0 of another host. */
function memoryOf(engine: string | undefined): number {
  if (engine === undefined) return 0
  const script = 'cat /sys/fs/cgroup/memory.stat /sys/fs/cgroup/memory/memory.stat 2>/dev/null; true'
  const said = execFileSync(engine, ['exec', `${hostContext}-cp-0`, 'sh', '-c', script], { encoding: 'utf8' })
  return Number(/^(?:anon|total_rss) (\d+)$/m.exec(said)?.[1] ?? 0)
}
