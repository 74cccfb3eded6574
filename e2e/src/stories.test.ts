import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { isReady, never, openCluster, openHost, within } from './support/cluster.js'
import { memberList } from './support/etcd.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest, type Outcome } from './support/knest.js'
import { killNode, podKind } from './support/nodes.js'
import { secondsUntil } from './support/until.js'

/** A story of the simulated world, as packages/testing/src/world/replay.ts tells it. */
interface Replay {
  readonly seed: number
  readonly cluster: string
  readonly deeds: readonly Deed[]
  readonly end: End
  readonly broken: readonly unknown[]
}
interface Deed {
  readonly argv?: readonly string[]
  readonly meanwhile?: { readonly after: string; readonly blow: string; readonly node?: string }
  readonly blow?: string
  readonly node?: string
}
interface End {
  readonly phase: string
  readonly nodes: readonly string[]
  readonly members: readonly string[]
}

const isLong = process.env.KNEST_TEST_LONG !== undefined
/** In a CI run those that are told fastest: a create, scale, delete or heal that is killed, a node that is gone. */
const seeds = isLong ? Array.from({ length: 20 }, (_, index) => index + 1) : [3, 6, 14, 15, 18]
if (!isLong)
  console.log(
    `skipped: stories of the simulated world but ${seeds.join(', ')}: hack/test --long has time for all twenty`,
  )

const name = 'e2e-story'
const namespace = `knest-${name}`
const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }

describe('a story of the simulated world, on a host', () => {
  let home: TestHome
  let host: KubeApi
  let stories: readonly Replay[]

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    const world = fileURLToPath(new URL('../../hack/world.mjs', import.meta.url))
    const told = execFileSync(process.execPath, [world, '--replay', seeds.join()], { encoding: 'utf8' })
    stories = told
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Replay)
  })
  afterAll(async () => {
    await remove()
    home.remove()
    host.close()
  })

  const knest = (...argv: readonly string[]): Promise<Outcome> => {
    const [own, inside] = argv.includes('--')
      ? [argv.slice(0, argv.indexOf('--')), argv.slice(argv.indexOf('--'))]
      : [argv, []]
    return runKnest(home, [...own, '--context', hostContext, ...inside])
  }
  const remove = (): Promise<Outcome> => knest('delete', name, '--ignore-not-found')

  const strike = async (blow: string, node: string): Promise<void> => {
    if (blow === 'pod deleted') await killNode(host, namespace, node)
    else if (blow === 'StatefulSet deleted')
      await host.delete({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, node, namespace, { signal: never })
    // It ends on its first process, and the host starts it again.
    else if (blow === 'container killed') await knest('ssh', name, node, '--', 'kill', '-TERM', '1')
    else if (blow === 'Node object deleted') {
      const nested = await openCluster(home, name)
      await nested.delete(nodeKind, node, undefined, { signal: within(30_000) })
      nested.close()
    } else throw new Error(`a host cannot suffer "${blow}"`)
  }

  /** Types a command; what happens meanwhile happens when its phase is done, or after it where that never came. */
  const type = async ({ argv = [], meanwhile }: Deed): Promise<string> => {
    let striking: Promise<void> | undefined
    const hit = (): Promise<void> => strike(meanwhile?.blow ?? '', meanwhile?.node ?? '')
    const outcome = await runKnest(home, [...argv, '--context', hostContext], {
      onStderr: (text, child) => {
        if (meanwhile === undefined || striking !== undefined) return
        if (!text.includes(`${meanwhile.after}: done`)) return
        if (meanwhile.blow !== 'killed') striking = hit()
        else {
          striking = Promise.resolve()
          child.kill('SIGKILL')
        }
      },
    })
    if (meanwhile !== undefined && meanwhile.blow !== 'killed') striking ??= hit()
    await striking
    return `${outcome.signal ?? outcome.code ?? ''} ${outcome.stderr
      .split('\n')
      .filter((line) => /^(error|hint)/.test(line))
      .join('; ')}`
  }

  const endOf = async (): Promise<End> => {
    const record = await host.get(clusterKind, name, namespace, never)
    if (record === undefined) return { phase: 'none', nodes: [], members: [] }
    const { phase = 'Creating' } = (record.status ?? {}) as { phase?: string }
    const pods = await host.list(podKind, { namespace, signal: never })
    if (pods.length === 0) return { phase, nodes: [], members: [] }
    const nested = await openCluster(home, name)
    try {
      const nodes = await nested.list(nodeKind, { signal: within(5_000) })
      const members = (await memberList(home, name)).map((line) => line.split(' ')[0] ?? '')
      return {
        phase,
        nodes: nodes
          .filter(isReady)
          .map(({ metadata }) => metadata.name)
          .sort(),
        members,
      }
    } finally {
      nested.close()
    }
  }

  it.each(seeds)('of seed %i ends as there', async (seed) => {
    const story = stories.find((one) => one.seed === seed)
    expect(story?.broken).toEqual([])
    const { deeds, end } = JSON.parse(
      JSON.stringify(story).replaceAll(new RegExp(`\\b${story?.cluster ?? ''}\\b`, 'g'), name),
    ) as Replay
    await remove()
    for (const deed of deeds) {
      const { argv, meanwhile, blow = '', node = '' } = deed
      const said = argv === undefined ? '' : await type(deed)
      if (argv === undefined) await strike(blow, node)
      console.log(
        `seed ${seed}: ${argv === undefined ? `${blow}: ${node}` : `knest ${argv.join(' ')} → ${said}`}`,
        meanwhile === undefined
          ? ''
          : `(after "${meanwhile.after}": ${meanwhile.blow} ${meanwhile.node ?? ''})`,
      )
    }
    let seen: End | undefined
    const isSame = async (): Promise<boolean> => {
      seen = await endOf().catch(() => undefined)
      return JSON.stringify(seen) === JSON.stringify(end)
    }
    await secondsUntil(isSame, 180, 'the end of the world').catch(() => undefined)
    expect(seen).toEqual(end)
  })
})
