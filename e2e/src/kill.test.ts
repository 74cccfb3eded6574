import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKube } from 'knest/kube'
import type { KubeApi } from 'knest'
import { createCluster, isReady, listNames, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { memberList } from './support/etcd.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { inventory } from './support/inventory.js'
import { killAtEveryBoundary } from './support/killing.js'
import { runKnest } from './support/knest.js'
import { hostNodes, nodeFlags, podsOfNodes } from './support/nodes.js'
import { readProof, writeProof, written } from './support/proof.js'

describe('kill -9 at every step boundary, then the same command again', () => {
  let calm: TestCluster
  let home: TestHome
  let host: KubeApi
  const kubeconfig = (): string => join(home.path, '.kube', 'knest.knest-e2e-kill.e2e-kill.kubeconfig')

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    calm = await createCluster('e2e-calm', '--worker-machine-count', '1')
  })
  afterAll(async () => {
    await calm.remove()
    await runKnest(home, ['delete', 'e2e-kill', '--ignore-not-found', '--context', hostContext])
    home.remove()
    host.close()
  })

  /** Objects of one cluster on the host, without its name and without what hosts name at random. */
  const objectsOf = async (name: string): Promise<readonly string[]> =>
    (await inventory(host))
      .filter(
        (object) => object.includes(`knest-${name}`) && !/EndpointSlice|ControllerRevision/.test(object),
      )
      .map((object) => object.replaceAll(name, 'NAME').replace(/(virt-launcher-.*)-\w{5}$/, '$1'))

  it('create converges to what an undisturbed create makes', async () => {
    const { boundaries, last } = await killAtEveryBoundary(home, [
      'create',
      'e2e-kill',
      ...nodeFlags,
      '--worker-machine-count',
      '1',
    ])
    expect(last.code, last.stderr).toBe(0)
    expect(boundaries.length).toBeGreaterThan(8)
    expect(await objectsOf('e2e-kill')).toEqual(await objectsOf('e2e-calm'))
    const api = await openKube({ kubeconfig: kubeconfig() })
    const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
    expect(nodes.map(({ metadata }) => metadata.name)).toEqual(['e2e-kill-cp-0', 'e2e-kill-worker-0'])
    expect(nodes.every(isReady)).toBe(true)
    expect(await listNames(api, 'Namespace')).toEqual(await listNames(calm.api, 'Namespace'))
    await writeProof(api)
    api.close()
  })

  it.each([
    ['1:3', ['e2e-kill-cp-0', 'e2e-kill-worker-0', 'e2e-kill-worker-1', 'e2e-kill-worker-2']],
    ['1:1', ['e2e-kill-cp-0', 'e2e-kill-worker-0']],
  ])('scale %s converges', async (counts, expected) => {
    const { last } = await killAtEveryBoundary(home, ['scale', 'e2e-kill', counts])
    expect(last.code, last.stderr).toBe(0)
    const api = await openKube({ kubeconfig: kubeconfig() })
    expect(await readProof(api)).toEqual(written)
    expect(await listNames(api, 'Node')).toEqual(expected)
    expect(await hostNodes(host, 'knest-e2e-kill')).toEqual(expected)
    expect([...(await podsOfNodes(host, 'knest-e2e-kill')).keys()]).toEqual(expected)
    api.close()
  })

  it('delete converges to nothing', async () => {
    const { last } = await killAtEveryBoundary(home, ['delete', 'e2e-kill', '--ignore-not-found'])
    expect(last.code, last.stderr).toBe(0)
    expect(await objectsOf('e2e-kill')).toEqual([])
    expect(existsSync(kubeconfig())).toBe(false)
  })
})

// One control plane is killed here in every run, the join of a second one in ha.test.ts.
const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong)
  console.log('skipped: kill -9 in a create with three control planes: hack/test --long has time for it')

describe.runIf(isLong)('kill -9 at every step boundary of a create with three control planes', () => {
  const name = 'e2e-kill-ha'
  let home: TestHome

  beforeAll(() => {
    home = createHome()
  })
  afterAll(async () => {
    await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    home.remove()
  })

  it('ends with three members of etcd and three nodes', async () => {
    const { boundaries, last } = await killAtEveryBoundary(home, [
      ...['create', name, ...nodeFlags],
      ...['--control-plane-machine-count', '3', '--worker-machine-count', '0'],
    ])
    expect(last.code, last.stderr).toBe(0)
    expect(boundaries.length).toBeGreaterThan(12)
    const nodes = [0, 1, 2].map((index) => `${name}-cp-${index}`)
    const api = await openKube({
      kubeconfig: join(home.path, '.kube', `knest.knest-${name}.${name}.kubeconfig`),
    })
    expect(await listNames(api, 'Node')).toEqual(nodes)
    api.close()
    expect(await memberList(home, name)).toEqual(nodes.map((node) => `${node} started`))
  })
})
