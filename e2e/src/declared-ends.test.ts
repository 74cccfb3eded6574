import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KindRef, KubeApi, KubeObject } from 'knest'
import { parseAllDocuments } from 'yaml'
import { never, openHost } from './support/cluster.js'
import { createHome, hostContext, type TestHome } from './support/home.js'
import { expectInventory, quietInventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { podKind } from './support/nodes.js'
import { secondsUntil } from './support/until.js'

const clusterKind: KindRef = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const namespaceKind: KindRef = { apiVersion: 'v1', kind: 'Namespace' }
const claimKind: KindRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }
const one = ['--worker-machine-count', '0']
const names = ['e2e-ends-space', 'e2e-ends-early', 'e2e-ends-kept']

describe('a declared cluster ends', () => {
  let home: TestHome
  let host: KubeApi
  let before: readonly string[]

  const apply = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const { stdout } = await runKnest(home, ['render', name, ...one, ...flags])
    for (const document of parseAllDocuments(stdout))
      await host.apply(document.toJS() as KubeObject, { signal: never })
  }
  const find = (kind: KindRef, name: string, namespace?: string): Promise<KubeObject | undefined> =>
    host.get(kind, name, namespace, never)
  const phaseOf = async (name: string): Promise<string | undefined> =>
    ((await find(clusterKind, name, `knest-${name}`))?.status as { phase?: string } | undefined)?.phase
  const isGone = async (kind: KindRef, name: string, namespace?: string): Promise<boolean> =>
    (await find(kind, name, namespace)) === undefined
  const deleteCluster = (name: string, propagationPolicy?: 'Orphan'): Promise<unknown> =>
    host.delete(clusterKind, name, `knest-${name}`, {
      signal: never,
      ...(propagationPolicy !== undefined && { propagationPolicy }),
    })
  const uids = async (kind: KindRef, name: string): Promise<readonly (string | undefined)[]> =>
    (await host.list(kind, { namespace: `knest-${name}`, signal: never })).map(({ metadata }) => metadata.uid)

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    before = await quietInventory(host)
    await knest(home, 'host', 'install', 'controller', '--timeout', '2m')
  })

  afterAll(async () => {
    for (const name of names) {
      await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
      await host.delete(namespaceKind, `knest-${name}`, undefined, { signal: never })
      await secondsUntil(() => isGone(namespaceKind, `knest-${name}`), 60, `namespace of ${name} to be gone`)
    }
    await knest(home, 'host', 'uninstall', 'controller')
    await expectInventory(host, before)
    host.close()
    home.remove()
  })

  it('with its namespace, deleted while its nodes are made', async () => {
    const [name = ''] = names
    await apply(name)
    const pods = (): Promise<readonly unknown[]> => uids(podKind, name)
    await secondsUntil(async () => (await pods()).length > 0, 60, 'the controller to make its node')
    await host.delete(namespaceKind, `knest-${name}`, undefined, { signal: never })
    const seconds = await secondsUntil(() => isGone(namespaceKind, `knest-${name}`), 60, 'it to be gone')
    console.log(`a namespace in which a cluster was being made: gone after ${seconds.toFixed(1)} s`)
  })

  it.each([
    ['before the controller has looked', () => Promise.resolve()],
    [
      'when the controller has begun',
      async () => {
        const name = names[1] ?? ''
        await secondsUntil(async () => (await phaseOf(name)) !== undefined, 60, 'the controller to look')
      },
    ],
  ])('with the namespace that was rendered for it, deleted %s', async (_title, meanwhile) => {
    const name = names[1] ?? ''
    await apply(name)
    await meanwhile()
    await deleteCluster(name)
    const seconds = await secondsUntil(() => isGone(namespaceKind, `knest-${name}`), 60, 'it to be gone')
    console.log(`a cluster and its namespace: gone after ${seconds.toFixed(1)} s`)
  })

  it('alone, where it is deleted as an orphan, and what is left is its own when it comes again', async () => {
    const name = names[2] ?? ''
    const retain = ['--persistent', '--deletion-policy', 'Retain']
    await apply(name, ...retain)
    await secondsUntil(async () => (await phaseOf(name)) === 'Ready', 240, 'it to be Ready')
    const nodes = await uids(podKind, name)
    await deleteCluster(name, 'Orphan')
    await secondsUntil(() => isGone(clusterKind, name, `knest-${name}`), 30, 'the object to be gone')
    expect(await uids(podKind, name)).toEqual(nodes)
    await apply(name, ...retain)
    await secondsUntil(async () => (await phaseOf(name)) === 'Ready', 120, 'it to be Ready again')
    expect(await uids(podKind, name)).toEqual(nodes)
  })

  it('and its disks and keys stay by its deletion policy, also when it goes in the foreground', async () => {
    const name = names[2] ?? ''
    const [disks, secrets] = [await uids(claimKind, name), await uids(secretKind, name)]
    expect(disks).toHaveLength(1)
    await host.delete(clusterKind, name, `knest-${name}`, {
      signal: never,
      propagationPolicy: 'Foreground',
    })
    await secondsUntil(() => isGone(clusterKind, name, `knest-${name}`), 60, 'the object to be gone')
    await secondsUntil(async () => (await uids(podKind, name)).length === 0, 60, 'its node to be gone')
    expect([await uids(claimKind, name), await uids(secretKind, name)]).toEqual([disks, secrets])
    await knest(home, 'create', name, ...one, '--persistent')
    expect(await uids(claimKind, name)).toEqual(disks)
  })
})
