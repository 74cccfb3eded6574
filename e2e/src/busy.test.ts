import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '@knest/testing'
import type { KubeApi } from 'knest'
import { startBusyLoops } from './support/busy-loops.js'
import { isReady, openCluster, openHost, within } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import { killNode, podsOfNodes } from './support/nodes.js'
import { hostApiServer, pauseNowAndThen } from './support/pausing.js'
import type { Stoppable } from './support/pausing.js'
import { secondsUntil } from './support/until.js'

const loops = 6
const name = 'e2e-busy'
const namespace = `knest-${name}`
const setKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' }

/** `hack/test busy` asks for five rounds of both shapes and long pauses; a file run by hand has a short one. */
const asked = process.env.KNEST_BUSY_ROUNDS
const rounds = Number(asked ?? '1')
const seed = Number(process.env.KNEST_BUSY_SEED ?? Math.floor(Date.now() / 1_000))
const pauses = asked === undefined ? ([5, 8] as const) : ([5, 30] as const)
const shapes =
  asked === undefined
    ? [[1, 1]]
    : [
        [1, 1],
        [3, 2],
      ]
const stories = Array.from({ length: rounds }, (_, round) => seed + round).flatMap((of) =>
  shapes.map(([controlPlanes = 1, workers = 0]) => ({ of, controlPlanes, workers })),
)
if (asked === undefined)
  console.log('skipped: five rounds, 3+2 and pauses of half a minute on a busy machine: hack/test busy')

describe(`beside ${loops} busy loops, while the API server of the host is stopped now and then`, () => {
  let home: TestHome
  let host: KubeApi
  let apiServer: Stoppable | undefined
  let endLoops: () => void

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    apiServer = await hostApiServer(home)
    endLoops = startBusyLoops(loops)
  })
  afterAll(async () => {
    endLoops()
    await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    host.close()
    home.remove()
  })

  /** Must end well; gives the seconds it took. */
  const knest = async (...args: readonly string[]): Promise<number> => {
    const began = Date.now()
    const { code, signal, stderr } = await runKnest(home, [...args, '--context', hostContext])
    expect(code ?? signal, `knest ${args.join(' ')}\n${stderr}`).toBe(0)
    return (Date.now() - began) / 1_000
  }
  const runningPod = async (node: string): Promise<string | undefined> => {
    const pod = (await podsOfNodes(host, namespace)).get(node)
    return (pod?.status as { phase?: string } | undefined)?.phase === 'Running'
      ? pod?.metadata.uid
      : undefined
  }
  const readyNodes = async (): Promise<readonly string[]> => {
    const api = await openCluster(home, name)
    try {
      const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: within(10_000) })
      return nodes
        .filter(isReady)
        .map(({ metadata }) => metadata.name)
        .sort()
    } finally {
      api.close()
    }
  }

  it.each(stories)('$controlPlanes+$workers comes, grows, is healed and goes, seed $of', async (story) => {
    const { of, controlPlanes, workers } = story
    const random = createRandom(of)
    const endPauses =
      apiServer && pauseNowAndThen(apiServer, createRandom(of, 1), { between: [5, 30], pauses })
    const took: Record<string, number> = {}
    try {
      const counts = ['--control-plane-machine-count', controlPlanes, '--worker-machine-count', workers]
      took.create = await knest('create', name, ...counts.map(String))
      took.scale = await knest('scale', name, `${controlPlanes}:${workers + 1}`)
      const nodes = [
        ...Array.from({ length: controlPlanes }, (_, index) => `${name}-cp-${index}`),
        ...Array.from({ length: workers + 1 }, (_, index) => `${name}-worker-${index}`),
      ]
      expect(await readyNodes()).toEqual(nodes)

      const node = random.pick(controlPlanes > 1 ? nodes : nodes.slice(1))
      const before = await eventually(() => runningPod(node), `a pod of ${node}`)
      const isSet = random.chance(0.5)
      await secondsUntil(
        async () => {
          if (isSet) await host.delete(setKind, node, namespace, { signal: within(10_000) })
          else await killNode(host, namespace, node)
          return true
        },
        60,
        `${node} to be deleted`,
      )
      const isNew = async (): Promise<boolean> => ![undefined, before].includes(await runningPod(node))
      if (!isSet) took.again = await secondsUntil(isNew, 180, `a new pod of ${node}`)
      took.heal = await knest('heal', name)
      const areReady = async (): Promise<boolean> => (await readyNodes()).join() === nodes.join()
      took.ready = await secondsUntil(areReady, 180, 'all nodes to be Ready')
      console.log(`${isSet ? 'StatefulSet' : 'pod'} of ${node} was deleted`)

      took.delete = await knest('delete', name)
      const left = await host.get(
        { apiVersion: 'v1', kind: 'Namespace' },
        namespace,
        undefined,
        within(60_000),
      )
      expect(left).toBeUndefined()
    } finally {
      const stops = (await endPauses?.()) ?? []
      const times = Object.entries(took).map(([what, seconds]) => `${what} ${seconds.toFixed(0)} s`)
      console.log(
        `seed ${of}, ${controlPlanes}+${workers}: ${times.join(', ')}; stopped for ${stops.join(', ')} s`,
      )
    }
  })
})

async function eventually<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  let seen: T | undefined
  await secondsUntil(async () => (seen = await look()) !== undefined, 60, what)
  return seen as T
}
