import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { isReady, listNames, never, openCluster, openHost, within } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { inventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { instanceKind, nodeFlags, patience, podKind, podsOfNodes } from './support/nodes.js'
import { plainStatus } from './support/plain-client.js'
import { readProof, writeProof, written } from './support/proof.js'
import { secondsUntil } from './support/until.js'
import { answers, runWeb } from './support/workload.js'

const name = 'e2e-vm'
const namespace = `knest-${name}`
const controlPlane = `${name}-cp-0`
const worker = `${name}-worker-0`
const nodeKind = { apiVersion: 'v1', kind: 'Node' }

let home: TestHome
let host: KubeApi
let before: readonly string[]
let api: KubeApi | undefined

beforeAll(async () => {
  home = createHome()
  host = await openHost(home)
  before = await objects()
})
afterAll(async () => {
  api?.close()
  await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
  host.close()
  home.remove()
})

/** All objects of the host but those of what runs VMs: a part of it is ended here, and comes again. */
async function objects(): Promise<readonly string[]> {
  return (await inventory(host)).filter((object) => !object.includes(' kubevirt/'))
}

/** What carries SSH ends: every connection through it is cut. */
async function cutConnections(): Promise<void> {
  for (const labelSelector of ['kubevirt.io=virt-api', 'app=kubevirt-stand-in']) {
    for (const { metadata } of await host.list(podKind, {
      namespace: 'kubevirt',
      labelSelector,
      signal: never,
    }))
      await host.delete(podKind, metadata.name, 'kubevirt', { signal: never, gracePeriodSeconds: 0 })
  }
}

const ssh = (node: string, ...command: readonly string[]): Promise<string> =>
  knest(home, 'ssh', name, node, '--', ...command)

/** Changes when the machine's first process is another one. */
const bootOf = (node: string): Promise<string> => ssh(node, 'stat', '-c', '%Y', '/proc/1')

describe('a persistent cluster whose nodes are VMs', () => {
  it('is created though the way to its nodes is cut in the middle', async () => {
    let cut: Promise<void> | undefined
    const outcome = await runKnest(
      home,
      ['create', name, ...nodeFlags, '--persistent', '--context', hostContext],
      {
        onStderr: (text) => {
          if (text.includes(`Start the control plane on "${controlPlane}" ...`)) cut ??= cutConnections()
        },
      },
    )
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(cut).toBeDefined()
    await cut
    api = await openCluster(home, name)
    await writeProof(api)
    await runWeb(api, worker)
  })

  it('answers a client that knows server, authority and client certificate only', async () => {
    expect(await plainStatus(await knest(home, 'kubeconfig', name))).toBe(200)
  })

  it('is reached by knest ssh: output, exit code, a hundred megabytes', async (context) => {
    if (api === undefined) return context.skip('there is no cluster')
    expect(await ssh('worker-0', 'cat', '/proc/sys/kernel/hostname')).toBe(`${worker}\n`)
    const inside = ['--', 'sh', '-c', 'exit 7']
    const failing = await runKnest(home, ['ssh', name, 'cp-0', '--context', hostContext, ...inside])
    expect(failing.code, failing.stderr).toBe(7)
    const started = Date.now()
    const bytes = (await ssh('worker-0', 'sh', '-c', 'head -c 104857600 /dev/zero')).length
    expect(bytes).toBe(104_857_600)
    console.log(`knest ssh: ${(100_000 / (Date.now() - started)).toFixed(0)} MiB/s, start included`)
  })

  it.skipIf(process.env.KNEST_TEST_LONG === undefined)(
    'keeps a session that says nothing for 30 minutes',
    async (context) => {
      if (api === undefined) return context.skip('there is no cluster')
      expect(await ssh('worker-0', 'sh', '-c', 'sleep 1800; echo still here')).toBe('still here\n')
    },
    2_400_000,
  )

  it.each([
    {
      what: 'its VMI deleted',
      node: controlPlane,
      harm: (node: string) => host.delete(instanceKind, node, namespace, { signal: never }),
    },
    {
      what: 'its virt-launcher pod evicted',
      node: worker,
      harm: async (node: string) => {
        const pod = (await podsOfNodes(host, namespace)).get(node)?.metadata.name ?? ''
        const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`
        const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } }
        expect(await host.raw(path, never, { method: 'POST', body })).toMatchObject({ status: 201 })
      },
    },
    { what: 'rebooted from inside', node: controlPlane, harm: reboot },
    { what: 'rebooted from inside', node: worker, harm: reboot },
  ])('has $node back, the same one with its data, after it was $what', async ({ what, node, harm }) => {
    const nested = api
    if (nested === undefined) throw new Error('there is no cluster')
    const uidOf = async (): Promise<string | undefined> =>
      (await nested.get(nodeKind, node, undefined, within(5_000)))?.metadata.uid
    const uid = await uidOf()
    const boot = await bootOf(node)
    const harmedAt = Date.now()
    await harm(node)
    await secondsUntil(
      async () => {
        const now = await bootOf(node).catch(() => boot)
        return now !== boot
      },
      180 * patience,
      `node "${node}" to start again`,
    )
    const startedAt = Date.now()
    const ready = await secondsUntil(
      async () => (await renewedAfter(nested, node, startedAt)) && (await answers(nested)),
      180 * patience,
      `node "${node}" to be Ready and the Service to answer`,
    )
    const started = ((startedAt - harmedAt) / 1000).toFixed(1)
    console.log(`${node} ${what}: back after ${started} s, all answers ${ready.toFixed(1)} s later`)
    expect(await uidOf()).toBe(uid)
    expect(await listNames(nested, 'Node')).toEqual([controlPlane, worker])
    expect(await readProof(nested)).toEqual(written)
  })

  it('is deleted without a trace', async (context) => {
    if (api === undefined) return context.skip('there is no cluster')
    await knest(home, 'delete', name)
    expect(await objects()).toEqual(before)
  })
})

/** The connection may or may not live to tell how the command ended. */
async function reboot(node: string): Promise<void> {
  await runKnest(home, ['ssh', name, node, '--context', hostContext, '--', 'reboot'])
}

/** The node is Ready, and its kubelet has said so since. */
async function renewedAfter(nested: KubeApi, node: string, time: number): Promise<boolean> {
  const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
  const reservation = await nested.get(leaseKind, node, 'kube-node-lease', within(5_000))
  const { renewTime = 0 } = (reservation?.spec ?? {}) as { renewTime?: string }
  const object = await nested.get(nodeKind, node, undefined, within(5_000))
  return new Date(renewTime).getTime() > time && object !== undefined && isReady(object)
}
