import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { createCluster, isReady, never, openHost, within } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { instanceKind, killNode, patience } from './support/nodes.js'
import { readProof, writeProof, written } from './support/proof.js'
import { secondsUntil } from './support/until.js'

const clusterKind = { apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster' }
const claimKind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }
/** From its VMI being back on. */
const limitSeconds = 60

interface Instance extends KubeObject {
  readonly status?: { readonly phase?: string }
}

describe.each([
  { name: 'e2e-new-disk', disks: 'with their instances', flags: [] },
  { name: 'e2e-new-claim', disks: 'on claims', flags: ['--persistent'] },
])('a cluster of VMs whose disks are $disks, and a controller', ({ name, flags }) => {
  const worker = `${name}-worker-0`
  let cluster: TestCluster
  let host: KubeApi

  beforeAll(async () => {
    cluster = await createCluster(name, ...flags)
    host = await openHost(cluster.home)
    await writeProof(cluster.api)
    await cluster.knest('host', 'install', 'controller', '--timeout', '2m')
  })
  afterAll(async () => {
    await cluster.knest('host', 'uninstall', 'controller')
    await cluster.remove()
    host.close()
  })

  it('has its worker back soon when its disk is new', async () => {
    const { namespace } = cluster
    const instance = (): Promise<Instance | undefined> => host.get(instanceKind, worker, namespace, never)
    const nodeUid = async (): Promise<string | undefined> => {
      const node = await cluster.api.get(nodeKind, worker, undefined, within(5_000))
      return node !== undefined && isReady(node) ? node.metadata.uid : undefined
    }
    const phase = async (): Promise<string | undefined> =>
      ((await host.get(clusterKind, name, namespace, never))?.status as { phase?: string } | undefined)?.phase
    const [before, uid] = [await instance(), await nodeUid()]
    expect(uid).toBeDefined()
    if (flags.length > 0) await host.delete(claimKind, `${worker}-root`, namespace, { signal: never })
    await killNode(host, namespace, worker)
    const isBack = async (): Promise<boolean> => {
      const now = await instance()
      return now?.metadata.uid !== before?.metadata.uid && now?.status?.phase === 'Running'
    }
    const away = await secondsUntil(isBack, 120 * patience, `another VMI of "${worker}"`)
    const isAnother = async (): Promise<boolean> => {
      const now = await nodeUid()
      return now !== undefined && now !== uid && (await phase()) === 'Ready'
    }
    const seconds = await secondsUntil(isAnother, limitSeconds * patience, `"${worker}" to be Ready`)
    console.log(`${worker}: its VMI back after ${away.toFixed(1)} s, Ready ${seconds.toFixed(1)} s later`)
    expect(await readProof(cluster.api)).toEqual(written)
  })
})
