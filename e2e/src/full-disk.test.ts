import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKube } from 'knest/kube'
import type { KubeApi, KubeObject } from 'knest'
import { startAsker } from './support/asker.js'
import { openCluster } from './support/cluster.js'
import { fillerPod } from './support/filler.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import { embeddedEngine } from './support/pausing.js'
import { createSmallDisk, whyNoSmallDisk } from './support/small-disk.js'
import type { SmallDisk } from './support/small-disk.js'
import { secondsUntil } from './support/until.js'

const isLong = process.env.KNEST_TEST_LONG !== undefined
const rounds = isLong ? 20 : 1
if (!isLong) console.log('skipped: twenty rounds of a disk that fills: hack/test --long has time for them')
const host = 'knest-e2e-full'
const node = `${host}-cp-0`
const filled = 'e2e-filled'
const other = 'e2e-beside-it'
const gibibyte = 2 ** 30
/** More than the last room of a small disk, which pods are watched in. */
const enough = 1_024
const podKind = { apiVersion: 'v1', kind: 'Pod' }

async function whyNot(home: TestHome): Promise<string | undefined> {
  const engine = await embeddedEngine(home)
  return engine === undefined
    ? `the host of context "${hostContext}" is not embedded`
    : whyNoSmallDisk(engine)
}

describe('a pod of a nested cluster that fills the disk of the embedded host', () => {
  let home: TestHome
  let small: SmallDisk | undefined
  let why: string | undefined
  const apis = new Map<string, KubeApi>()

  const must = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await runKnest(home, args)
    expect(code, `knest ${args.join(' ')}\n${stderr}`).toBe(0)
  }
  const apiOf = (name: string): KubeApi => {
    const api = apis.get(name)
    if (api === undefined) throw new Error(`no API of "${name}"`)
    return api
  }

  beforeAll(async () => {
    home = createHome()
    why = await whyNot(home)
    if (why !== undefined) return
    small = createSmallDisk(home.path, node, 4 * gibibyte)
    await must('host', 'up', '--name', host, '--engine', 'podman')
    const create = (name: string): Promise<void> =>
      must('create', name, '--worker-machine-count', '0', '--no-controller', '--context', host)
    await Promise.all([filled, other].map(create))
    apis.set(host, await openKube({ kubeconfig: home.kubeconfig, context: host }))
    for (const name of [filled, other]) apis.set(name, await openCluster(home, name))
  })
  afterAll(async () => {
    for (const api of apis.values()) api.close()
    if (small !== undefined) {
      execFileSync('podman', ['stop', '--ignore', '--time', '1', node])
      // podman cannot remove a folder that something is mounted on.
      small.detach()
      await runKnest(home, ['host', 'down', '--name', host])
      small.remove()
    }
    home.remove()
  })

  it('is evicted: etcd of nobody ends, and everybody answers all the time', async (context) => {
    if (small === undefined) return context.skip(why)
    const disk = small
    const names = [host, filled, other]
    const before = await containersOf(apiOf(host))
    for (let round = 0; round < rounds; round++) {
      const began = Date.now()
      const askers = names.map((name) => startAsker(apiOf(name), name))
      const pod = fillerPod(`filler-${round}`, round)
      let told: KubeObject | undefined
      try {
        await apiOf(filled).apply(pod, { signal: AbortSignal.timeout(20_000) })
        told = await ended(apiOf(filled), pod.metadata.name)
      } finally {
        const results = await Promise.all(askers.map((asker) => asker.stop()))
        console.log(
          `round ${round + 1} of ${rounds}: ended after ${((Date.now() - began) / 1_000).toFixed(1)} s; answers ${results.map(({ answers }) => answers).join(', ')}; ${disk.mebibytesFree()} MiB are free`,
        )
        const failures = results.flatMap((result) => result.failures)
        expect(failures.filter((failure) => !isOfItsOwn(failure))).toEqual([])
      }
      expect(told?.status).toMatchObject({ phase: 'Failed', reason: 'Evicted' })
      await apiOf(filled).delete(podKind, pod.metadata.name, 'default', {
        signal: AbortSignal.timeout(20_000),
      })
      await secondsUntil(() => Promise.resolve(disk.mebibytesFree() > enough), 60, 'room on the disk')
    }
    expect(await containersOf(apiOf(host))).toEqual(before)
  })
})

/**
 * The etcd of the cluster whose pod writes as fast as it can gives up a write after seven seconds when the disk takes it
 * no sooner, as a slow one does: that one is its own doing.
 */
function isOfItsOwn(failure: string): boolean {
  return failure.startsWith(`${filled}: `) && failure.endsWith('etcdserver: request timed out')
}

async function ended(api: KubeApi, name: string): Promise<KubeObject | undefined> {
  const isOver = (pods: readonly KubeObject[]): boolean =>
    pods.some((pod) => {
      const { phase, reason } = (pod.status ?? {}) as { readonly phase?: string; readonly reason?: string }
      return phase === 'Failed' && reason === 'Evicted'
    })
  const [pod] = await api.waitFor(
    podKind,
    { namespace: 'default', fieldSelector: `metadata.name=${name}` },
    isOver,
    {
      timeoutMs: 180_000,
      signal: AbortSignal.timeout(185_000),
      awaited: `pod "${name}" to be evicted`,
      describe: (pods) => JSON.stringify(pods.map((pod) => pod.status as unknown)),
    },
  )
  return pod
}

/** How often the control plane of the host and the nodes of its clusters were started. */
async function containersOf(api: KubeApi): Promise<Readonly<Record<string, number>>> {
  const pods = await api.list(podKind, { signal: AbortSignal.timeout(20_000) })
  return Object.fromEntries(
    pods.map(({ metadata, status }) => {
      const { containerStatuses = [] } = (status ?? {}) as {
        containerStatuses?: readonly { restartCount: number }[]
      }
      return [
        `${metadata.uid ?? ''} ${metadata.name}`,
        containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
      ]
    }),
  )
}
