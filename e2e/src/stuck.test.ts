import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { parseAllDocuments } from 'yaml'
import { never, openHost } from './support/cluster.js'
import { createHome, hostContext, type TestHome } from './support/home.js'
import { inventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { killNode, podKind } from './support/nodes.js'
import { secondsUntil } from './support/until.js'

const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const classKind = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }
const storageClass = 'e2e-never'
const eleventh = 'e2e-eleventh'
const twelfth = 'e2e-twelfth'
const kubectl = ['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf']
const stuck = Array.from({ length: 10 }, (_, index) => `e2e-stuck-${index}`)

const isShort = process.env.KNEST_TEST_LONG === undefined
if (isShort) console.log('skipped: ten clusters that never get a disk: hack/test --long has time for them')

describe.skipIf(isShort)('beside ten clusters that never get a disk', () => {
  let home: TestHome
  let host: KubeApi
  let before: readonly string[]

  const declare = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const { stdout } = await runKnest(home, ['render', name, ...flags])
    for (const document of parseAllDocuments(stdout))
      await host.create(document.toJS() as KubeObject, { signal: never })
  }
  const clusterOf = (name: string): Promise<KubeObject | undefined> =>
    host.get(clusterKind, name, `knest-${name}`, never)
  const isReady = async (name: string): Promise<boolean> =>
    ((await clusterOf(name))?.status as { phase?: string } | undefined)?.phase === 'Ready'
  const nodesReady = async (name: string): Promise<number> => {
    const api = await knest(
      home,
      'ssh',
      name,
      `${name}-cp-0`,
      '--',
      ...kubectl,
      'get',
      'nodes',
      '--no-headers',
    )
    return api.split('\n').filter((line) => line.includes(' Ready ')).length
  }

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    before = await inventory(host)
    await knest(home, 'host', 'install', 'controller', '--timeout', '2m')
    await declare(eleventh)
    await secondsUntil(() => isReady(eleventh), 300, 'the eleventh cluster to be Ready')
    const provisioner = 'example.com/never'
    await host.create(
      { ...classKind, metadata: { name: storageClass }, provisioner, volumeBindingMode: 'Immediate' },
      { signal: never },
    )
    for (const name of stuck) {
      const one = ['--control-plane-machine-count', '1', '--worker-machine-count', '0']
      await declare(name, ...one, '--persistent', '--storage-class', storageClass)
    }
    for (const name of stuck) {
      const pods = (): Promise<readonly KubeObject[]> =>
        host.list(podKind, { namespace: `knest-${name}`, signal: never })
      await secondsUntil(async () => (await pods()).length === 1, 120, `the controller to wait for ${name}`)
    }
  }, 900_000)

  afterAll(async () => {
    for (const name of [...stuck, eleventh, twelfth])
      await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    await host.delete(classKind, storageClass, undefined, { signal: never })
    await knest(home, 'host', 'uninstall', 'controller')
    expect(await inventory(host)).toEqual(before)
    host.close()
    home.remove()
  }, 300_000)

  it('a node of another cluster, whose pod is new, joins again', async () => {
    const worker = `${eleventh}-worker-0`
    const nodeUid = (): Promise<string> =>
      knest(
        home,
        'ssh',
        eleventh,
        `${eleventh}-cp-0`,
        '--',
        ...kubectl,
        'get',
        'node',
        worker,
        '-o',
        'jsonpath={.metadata.uid}',
      )
    const uid = await nodeUid()
    await killNode(host, `knest-${eleventh}`, worker)
    const isNew = async (): Promise<boolean> =>
      (await nodeUid()) !== uid && (await nodesReady(eleventh)) === 2
    console.log(`joined again after ${await secondsUntil(isNew, 60, 'the worker to join again')} s`)
  })

  it('a twelfth is created', async () => {
    await declare(twelfth)
    console.log(`created after ${await secondsUntil(() => isReady(twelfth), 120, 'the twelfth')} s`)
  })

  it('each of them is gone soon after it was deleted', async () => {
    const gone = stuck.map(async (name) => {
      await host.delete(clusterKind, name, `knest-${name}`, { signal: never })
      return secondsUntil(async () => (await clusterOf(name)) === undefined, 60, `${name} to be gone`)
    })
    console.log(`gone after ${(await Promise.all(gone)).join(', ')} s`)
  })
})
