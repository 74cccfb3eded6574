import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKube } from 'knest/kube'
import type { KubeApi, KubeObject } from 'knest'
import { parseAllDocuments } from 'yaml'
import { isReady, never, openHost, within } from './support/cluster.js'
import { createHome, hostContext, type TestHome } from './support/home.js'
import { expectInventory, quietInventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { killNode, podKind } from './support/nodes.js'
import { secondsUntil } from './support/until.js'

const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const classKind = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }
const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const storageClass = 'e2e-never'
const eleventh = 'e2e-eleventh'
const twelfth = 'e2e-twelfth'
const worker = `${eleventh}-worker-0`

/** No provisioner provides it; a registry that refuses connections may come back, so the nodes wait for it. */
const noDisk = ['--persistent', '--storage-class', storageClass]
const noImage = ['--image', '127.0.0.1:1/e2e/never:1']
const stuck = Array.from({ length: 10 }, (_, index) => ({
  name: `e2e-stuck-${index}`,
  flags: index % 2 === 0 ? noDisk : noImage,
}))

const mostSlower = 1.2
const goneSeconds = 10

const isShort = process.env.KNEST_TEST_LONG === undefined
if (isShort) console.log('skipped: ten clusters that can never come up: hack/test --long has time for them')

describe.skipIf(isShort)('beside ten clusters that can never come up', () => {
  let home: TestHome
  let host: KubeApi
  let api: KubeApi
  let before: readonly string[]

  const declare = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const { stdout } = await runKnest(home, ['render', name, ...flags])
    for (const document of parseAllDocuments(stdout))
      await host.create(document.toJS() as KubeObject, { signal: never })
  }
  const clusterOf = (name: string): Promise<KubeObject | undefined> =>
    host.get(clusterKind, name, `knest-${name}`, never)
  const isClusterReady = async (name: string): Promise<boolean> =>
    ((await clusterOf(name))?.status as { phase?: string } | undefined)?.phase === 'Ready'
  const isGone = async (kind: typeof clusterKind, name: string, namespace?: string): Promise<boolean> =>
    (await host.get(kind, name, namespace, never)) === undefined

  /** Until the worker is another Node and Ready, as an ephemeral one is that was made anew. */
  const replaced = async (harm: () => Promise<unknown>, limit: number): Promise<number> => {
    const uid = (await api.get(nodeKind, worker, undefined, never))?.metadata.uid
    await harm()
    const isNew = async (): Promise<boolean> => {
      const node = await api.get(nodeKind, worker, undefined, within(5_000))
      return node !== undefined && node.metadata.uid !== uid && isReady(node)
    }
    const seconds = await secondsUntil(isNew, limit, 'the worker to be replaced')
    await secondsUntil(() => isClusterReady(eleventh), 60, 'the controller to have ended its look')
    return seconds
  }
  const created = async (): Promise<number> => {
    await declare(twelfth)
    const seconds = await secondsUntil(() => isClusterReady(twelfth), 120, 'the twelfth to be Ready')
    await host.delete(clusterKind, twelfth, `knest-${twelfth}`, { signal: never })
    await secondsUntil(() => isGone(namespaceKind, `knest-${twelfth}`), 60, 'the twelfth to be gone')
    return seconds
  }
  /** What is short varies more: the median of several rounds counts. */
  const measures = {
    'a worker whose pod was deleted is back': {
      rounds: 4,
      run: () => replaced(() => killNode(host, `knest-${eleventh}`, worker), 90),
    },
    'a worker whose kubelet is gone for good is replaced': {
      rounds: 1,
      run: () =>
        replaced(() => knest(home, 'ssh', eleventh, worker, '--', 'systemctl', 'stop', 'kubelet'), 150),
    },
    'a twelfth is created': { rounds: 3, run: created },
  }
  type Measure = keyof typeof measures
  const all = Object.keys(measures) as Measure[]
  /** In seconds; the rounds without them are before and after, so that a machine that became busier shows in both. */
  const found = { without: new Map<Measure, number[]>(), beside: new Map<Measure, number[]>() }
  const measureAll = async (times: Map<Measure, number[]>): Promise<void> => {
    for (const measure of all) {
      const { rounds, run } = measures[measure]
      const seconds = times.get(measure) ?? []
      for (let round = 0; round < rounds; round++) seconds.push(await run())
      times.set(measure, seconds)
    }
  }

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    before = await quietInventory(host)
    await knest(home, 'host', 'install', 'controller', '--timeout', '2m')
    await declare(eleventh, '--unhealthy-after', '30s')
    await secondsUntil(() => isClusterReady(eleventh), 300, 'the eleventh cluster to be Ready')
    api = await openKube({ kubeconfigText: await knest(home, 'kubeconfig', eleventh) })
    await measureAll(found.without)
    const provisioner = 'example.com/never'
    await host.create(
      { ...classKind, metadata: { name: storageClass }, provisioner, volumeBindingMode: 'Immediate' },
      { signal: never },
    )
    for (const { name, flags } of stuck)
      await declare(name, '--control-plane-machine-count', '1', '--worker-machine-count', '0', ...flags)
    for (const { name } of stuck) {
      const pods = (): Promise<readonly KubeObject[]> =>
        host.list(podKind, { namespace: `knest-${name}`, signal: never })
      await secondsUntil(async () => (await pods()).length === 1, 120, `the controller to wait for ${name}`)
    }
  }, 1_500_000)

  afterAll(async () => {
    api.close()
    for (const name of [...stuck.map((each) => each.name), eleventh, twelfth])
      await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    await host.delete(classKind, storageClass, undefined, { signal: never })
    await knest(home, 'host', 'uninstall', 'controller')
    await expectInventory(host, before)
    host.close()
    home.remove()
  }, 300_000)

  it('nodes are replaced and clusters created', () => measureAll(found.beside))

  it('each of them is gone soon after it was deleted, all at once', async () => {
    const gone = stuck.map(async ({ name }) => {
      await host.delete(clusterKind, name, `knest-${name}`, { signal: never })
      return secondsUntil(() => isGone(clusterKind, name, `knest-${name}`), 60, `${name} to be gone`)
    })
    const seconds = await Promise.all(gone)
    console.log(`gone after ${seconds.map((each) => each.toFixed(1)).join(', ')} s`)
    expect(Math.max(...seconds)).toBeLessThanOrEqual(goneSeconds)
  })

  it('the same without them again', () => measureAll(found.without))

  it.each(all)('%s as fast as without them', (measure) => {
    const [without = [], beside = []] = [found.without.get(measure), found.beside.get(measure)]
    const ratio = median(beside) / median(without)
    console.log(`${measure}: ${text(beside)} s; without them ${text(without)} s; ratio ${ratio.toFixed(2)}`)
    expect(ratio).toBeLessThanOrEqual(mostSlower)
  })
})

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return ((low ?? NaN) + (high ?? NaN)) / 2
}

function text(numbers: readonly number[]): string {
  return numbers.map((each) => each.toFixed(1)).join(', ')
}
