import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { claimAfterDeletion, claimIsKept, runWithClaim } from './support/claim.js'
import { createCluster, isReady, never, openHost, within } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { lostFolders, writeKept } from './support/kept.js'
import { hostNodes, killNode, nodeFlags, nodesAre, patience, podsOfNodes } from './support/nodes.js'
import { readProof, writeProof, written } from './support/proof.js'
import { secondsUntil } from './support/until.js'
import { volumesOf } from './support/volumes.js'
import { answers, runWeb } from './support/workload.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }

/** Node addresses by name. */
async function addresses(api: KubeApi): Promise<ReadonlyMap<string, string>> {
  const nodes = await api.list(nodeKind, { signal: never })
  const ip = (node: KubeObject): string => {
    const { addresses: all } = node.status as {
      addresses: readonly { type: string; address: string }[]
    }
    return all.find(({ type }) => type === 'InternalIP')?.address ?? ''
  }
  return new Map(nodes.map((node) => [node.metadata.name, ip(node)]))
}

const small = { name: 'e2e-restart', counts: '1+1', flags: ['--worker-machine-count', '1'], nodes: 2 }
const large = {
  name: 'e2e-ha',
  counts: '3+2',
  flags: ['--control-plane-machine-count', '3', '--worker-machine-count', '2'],
  nodes: 5,
}
const isLong = process.env.KNEST_TEST_LONG !== undefined
const inTime = nodesAre === 'pod' ? large : small
if (!isLong)
  console.log(
    `skipped: pods 1+1, and other nodes 3+2: hack/test --long has time for them; this run has ${inTime.counts}`,
  )

describe.each(isLong ? [small, large] : [inTime])(
  'a persistent $counts cluster',
  ({ name, flags, nodes: count }) => {
    let cluster: TestCluster
    let host: KubeApi

    beforeAll(async () => {
      cluster = await createCluster(name, '--persistent', ...flags)
      host = await openHost(cluster.home)
      await writeProof(cluster.api)
      await Promise.all([runWeb(cluster.api), runWithClaim(cluster.api, `${name}-worker-0`)])
    })
    afterAll(async () => {
      await cluster.remove()
      host.close()
    })

    it('serves a claim that names no class, and keeps what is in it when its pod is deleted', async () => {
      expect(await claimAfterDeletion(cluster.api)).toBe('written')
    })

    it('survives all its nodes being deleted at once, with new addresses and nobody helping', async () => {
      const before = await addresses(cluster.api)
      const nodes = await hostNodes(host, cluster.namespace)
      expect(nodes).toHaveLength(count)
      for (const node of nodes) await writeKept(cluster, node)
      const old = await podsOfNodes(host, cluster.namespace)
      // What is being ended answers for a moment.
      const areNew = async (): Promise<boolean> => {
        const now = await podsOfNodes(host, cluster.namespace)
        return nodes.every(
          (node) => now.has(node) && now.get(node)?.metadata.uid !== old.get(node)?.metadata.uid,
        )
      }
      await Promise.all(nodes.map((node) => killNode(host, cluster.namespace, node)))

      let found: unknown
      const apiBack = await secondsUntil(
        async () => (await areNew()) && (found = await readProof(cluster.api)) !== undefined,
        60 * patience,
      )
      expect(found).toEqual(written)
      const allReady = await secondsUntil(async () => {
        const now = await addresses(cluster.api)
        const found = await cluster.api.list(nodeKind, { signal: within(3_000) })
        return (
          found.length === count &&
          found.every(isReady) &&
          [...now].every(([node, ip]) => before.get(node) !== ip)
        )
      }, 90 * patience)
      console.log(
        `${name}: API back after ${apiBack.toFixed(1)} s, all nodes Ready ${(apiBack + allReady).toFixed(1)} s after the deletion`,
      )

      for (const node of nodes) expect(await lostFolders(cluster, node), node).toEqual([])

      // DNS and the workload start again by the nested kubelets, which wait ever longer after a failure.
      await secondsUntil(() => answers(cluster.api), 180, 'the Service to answer')
      await secondsUntil(() => claimIsKept(cluster.api), 180, 'the claim to have its data')
    })

    it('is deleted with --keep-data and created again with its data', async () => {
      await cluster.knest('delete', name, '--keep-data')
      expect(await podsOfNodes(host, cluster.namespace)).toEqual(new Map())
      await cluster.knest('create', name, '--persistent', ...nodeFlags, ...flags)
      const api = await cluster.reopen()
      expect(await readProof(api)).toEqual(written)
      api.close()
    })

    it('leaves no volume behind when it is deleted', async () => {
      expect(await volumesOf(host, cluster.namespace)).toHaveLength(count)
      await cluster.knest('delete', name)
      expect(await volumesOf(host, cluster.namespace)).toEqual([])
    })
  },
)
