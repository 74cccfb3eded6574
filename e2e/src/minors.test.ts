import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from 'knest'
import { claimIsKept, runWithClaim } from './support/claim.js'
import { createCluster, isReady, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { killNode } from './support/nodes.js'
import { readProof, writeProof, written } from './support/proof.js'
import { readyAnew } from './support/ready-nodes.js'
import { secondsUntil } from './support/until.js'
import { flagsOf, needImages, versions } from './support/versions.js'
import { answers, runWeb } from './support/workload.js'

const skip = process.env.KNEST_TEST_LONG === undefined || process.env.KNEST_E2E_CONTEXT !== undefined
if (skip)
  console.log('skipped: each minor version of Kubernetes: hack/test --long builds images of all of them')

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const versionOf = ({ status }: KubeObject): string =>
  (status as { nodeInfo: { kubeletVersion: string } }).nodeInfo.kubeletVersion

// All that knest does with a cluster, with every version that upstream supports, each upgraded to the next.
describe.skipIf(skip).each(versions.map((version, index) => ({ version, next: versions[index + 1] })))(
  'Kubernetes $version',
  ({ version, next }) => {
    const name = `e2e-minor-${version.split('.')[1]}`
    let cluster: TestCluster

    beforeAll(async () => {
      await needImages(version, ...(next === undefined ? [] : [next]))
      cluster = await createCluster(name, '--persistent', ...flagsOf(version))
      await writeProof(cluster.api)
      await runWeb(cluster.api)
      await runWithClaim(cluster.api, `${name}-worker-0`)
    })
    afterAll(() => cluster.remove())

    const expectAllWell = async (at: string, count: number): Promise<void> => {
      const api = await cluster.reopen()
      const nodes = await api.list(nodeKind, { signal: never })
      expect(nodes.map(versionOf)).toEqual(Array.from({ length: count }, () => `v${at}`))
      expect(nodes.every(isReady)).toBe(true)
      const works = async (): Promise<boolean> => (await answers(api)) && (await claimIsKept(api))
      await secondsUntil(works, 60, 'Services, DNS and volumes')
      expect(await readProof(api)).toEqual(written)
      await cluster.knest('status', name)
    }

    it('makes a cluster whose Services, DNS and volumes work', () => expectAllWell(version, 2))

    it('scales up and down', async () => {
      await cluster.knest('scale', name, ':2')
      await expectAllWell(version, 3)
      await cluster.knest('scale', name, ':1')
      await expectAllWell(version, 2)
    })

    it('comes back when the pods of its nodes were deleted', async () => {
      const host = await openHost(cluster.home)
      const nodes = [`${name}-cp-0`, `${name}-worker-0`]
      for (const node of nodes) await killNode(host, cluster.namespace, node)
      host.close()
      await secondsUntil(readyAnew(cluster, cluster.api, nodes), 180, 'both nodes to be Ready anew')
      await expectAllWell(version, 2)
    })

    it.runIf(next !== undefined)('is upgraded to the next', async () => {
      await cluster.knest('upgrade', name, '--kubernetes-version', next ?? '')
      await expectAllWell(next ?? '', 2)
      await cluster.knest('scale', name, '3:1')
      // Each control plane, those that joined after the upgrade too, may ask kubelets.
      for (let index = 0; index < 12; index++) await answers(await cluster.reopen())
      await expectAllWell(next ?? '', 4)
    })
  },
)
