import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { KubeApi } from 'knest'
import { createCluster, never, openHost, within } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { patience, podsOfNodes } from './support/nodes.js'
import { readProof, writeProof, written } from './support/proof.js'
import { quicklyNoticed, noticedAfterSeconds } from './support/quickly-noticed.js'
import { readyAnew } from './support/ready-nodes.js'
import { secondsUntil } from './support/until.js'

const name = 'e2e-heal'
const nodes = [`${name}-cp-0`, `${name}-worker-0`]
const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const unhealthyAfterSeconds = 30
const proofPath = '/var/lib/kubelet/proof'

// The only control plane has all the data: it may be replaced because its disk outlives it.
describe('a persistent cluster that a controller looks after', () => {
  let cluster: TestCluster
  let host: KubeApi
  const folder = mkdtempSync(join(tmpdir(), 'knest-e2e-'))

  beforeAll(async () => {
    const file = join(folder, 'cluster.yaml')
    writeFileSync(
      file,
      stringify({
        ...{ apiVersion: 'knest.dev/v1alpha1', kind: 'NestedCluster', metadata: { name } },
        spec: { kubernetes: quicklyNoticed },
      }),
    )
    cluster = await createCluster(
      name,
      ...['--from', file],
      ...['--persistent', '--unhealthy-after', `${unhealthyAfterSeconds}s`, '--max-unhealthy', '100%'],
    )
    host = await openHost(cluster.home)
    await writeProof(cluster.api)
    for (const node of nodes) await cluster.knest('ssh', name, node, '--', 'touch', proofPath)
    await cluster.knest('host', 'install', 'controller', '--timeout', '2m')
  })
  afterAll(async () => {
    await cluster.knest('host', 'uninstall', 'controller')
    await cluster.remove()
    host.close()
    rmSync(folder, { recursive: true })
  })

  const hostPods = async (): Promise<ReadonlyMap<string, string | undefined>> => {
    const pods = await podsOfNodes(host, cluster.namespace)
    return new Map([...pods].map(([node, { metadata }]) => [node, metadata.uid]))
  }
  const nodeObjects = async (): Promise<ReadonlyMap<string, string | undefined>> => {
    const found = await cluster.api.list(nodeKind, { signal: within(5_000) })
    return new Map(found.map(({ metadata }) => [metadata.name, metadata.uid]))
  }

  const replacements = async (): Promise<string> => {
    const events = await host.list(
      { apiVersion: 'v1', kind: 'Event' },
      { namespace: cluster.namespace, fieldSelector: 'reason=NodeReplaced', signal: never },
    )
    return events.map(({ message }) => String(message)).join()
  }

  it('starts its nodes again on their disks when their kubelets are gone for good', async () => {
    const [before, objects] = [await hostPods(), await nodeObjects()]
    for (const node of nodes) await cluster.knest('ssh', name, node, '--', 'systemctl', 'stop', 'kubelet')
    const areReady = readyAnew(cluster, cluster.api, nodes)
    const areReplaced = async (): Promise<boolean> => {
      const now = await hostPods()
      return nodes.every((node) => now.has(node) && now.get(node) !== before.get(node)) && (await areReady())
    }
    // Where the control plane was replaced first, its new kube-controller-manager has to notice the worker anew.
    const limit = (unhealthyAfterSeconds + 60 + 2 * noticedAfterSeconds) * patience
    const seconds = await secondsUntil(areReplaced, limit, 'both nodes to run again')
    console.log(`all Ready ${seconds.toFixed(0)} s after the kubelets went`)
    expect(await nodeObjects()).toEqual(objects)
    for (const node of nodes) await cluster.knest('ssh', name, node, '--', 'test', '-e', proofPath)
    expect(await readProof(cluster.api)).toEqual(written)
    // They are told when the whole look has come to its end.
    await secondsUntil(
      async () => {
        const said = await replacements()
        return nodes.every((node) => said.includes(`node "${node}" was started again on its disk`))
      },
      30,
      'Events of both nodes',
    )
  })
})
