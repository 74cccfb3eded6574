import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '@knest/core'
import { createCluster, isReady, listNames, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import { inventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'
import { equipKubeVirt } from './support/kubevirt.js'
import type { Equipped } from './support/kubevirt.js'
import { secondsUntil } from './support/until.js'
import { answers, runWeb } from './support/workload.js'

const machineKind = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine' }
const instanceKind = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const proof = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'proof', namespace: 'default' } }

let home: ReturnType<typeof createHome>
let host: KubeApi
let equipped: Equipped | { readonly skipped: string }
let skipped: string | undefined
let vmFlags: readonly string[] = []
let before: readonly string[]

beforeAll(async () => {
  home = createHome()
  host = await openHost(home)
  equipped = await equipKubeVirt(host)
  if ('skipped' in equipped) skipped = equipped.skipped
  else vmFlags = equipped.createFlags
  if (skipped !== undefined) console.log(`skipped: VM nodes: ${skipped}`)
  before = await inventory(host)
})
afterAll(() => {
  host.close()
  if ('remove' in equipped) equipped.remove()
  home.remove()
})

/** Creates by the CLI, with what the host's kind of VM needs to be told. */
const create = (name: string, ...flags: readonly string[]): Promise<TestCluster> =>
  createCluster(name, ...flags, ...vmFlags)
const machines = (cluster: TestCluster): Promise<readonly KubeObject[]> =>
  host.list(machineKind, { namespace: cluster.namespace, signal: never })

async function allReady(cluster: TestCluster, names: readonly string[]): Promise<boolean> {
  const nodes = await cluster.api.list(nodeKind, { signal: AbortSignal.timeout(5_000) })
  expect(nodes.map(({ metadata }) => metadata.name).sort()).toEqual(names)
  return nodes.every(isReady)
}

describe('a cluster whose nodes are VMs', () => {
  const name = 'e2e-vm'
  let cluster: TestCluster | undefined

  it('is created, runs pods and is reached by knest ssh', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    cluster = await create(name, '--backend', 'vm')
    expect((await machines(cluster)).map(({ metadata }) => metadata.name).sort()).toEqual([
      `${name}-cp-0`,
      `${name}-worker-0`,
    ])
    expect(await allReady(cluster, [`${name}-cp-0`, `${name}-worker-0`])).toBe(true)
    await runWeb(cluster.api)
    expect(await answers(cluster.api)).toBe(true)
    expect(await cluster.knest('ssh', name, 'worker-0', '--', 'cat', '/proc/sys/kernel/hostname')).toBe(
      `${name}-worker-0\n`,
    )
    const inside = ['--', 'sh', '-c', 'exit 7']
    const failing = await runKnest(home, ['ssh', name, 'cp-0', '--context', hostContext, ...inside])
    expect(failing.code).toBe(7)
  })

  it('scales', async (context) => {
    if (cluster === undefined) return context.skip(skipped ?? 'there is no cluster')
    await cluster.knest('scale', name, ':2')
    expect(await allReady(cluster, [`${name}-cp-0`, `${name}-worker-0`, `${name}-worker-1`])).toBe(true)
    await cluster.knest('scale', name, ':1')
    expect(await allReady(cluster, [`${name}-cp-0`, `${name}-worker-0`])).toBe(true)
  })

  it('is deleted without a trace', async (context) => {
    if (cluster === undefined) return context.skip(skipped ?? 'there is no cluster')
    await cluster.knest('delete', name)
    await cluster.remove()
    expect(await inventory(host)).toEqual(before)
  })
})

describe('a cluster with control planes in pods and workers in VMs', () => {
  const name = 'e2e-mixed'

  it('is one network, and goes without a trace', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const cluster = await create(name, '--control-plane-backend', 'pod', '--worker-backend', 'vm')
    expect((await machines(cluster)).map(({ metadata }) => metadata.name)).toEqual([`${name}-worker-0`])
    expect(await allReady(cluster, [`${name}-cp-0`, `${name}-worker-0`])).toBe(true)
    await runWeb(cluster.api, `${name}-worker-0`)
    expect(await answers(cluster.api)).toBe(true)
    expect(await cluster.knest('ssh', name, 'cp-0', '--', 'hostname')).toBe(`${name}-cp-0\n`)
    await cluster.knest('delete', name)
    await cluster.remove()
    expect(await inventory(host)).toEqual(before)
  })
})

describe('a persistent cluster whose nodes are VMs', () => {
  const name = 'e2e-vm-lasting'
  const nodes = [`${name}-cp-0`, `${name}-worker-0`]
  let cluster: TestCluster | undefined

  it('comes back when all its VMs are restarted at once', async (context) => {
    if (skipped !== undefined) return context.skip(skipped)
    const made = await create(name, '--backend', 'vm', '--persistent')
    cluster = made
    const { api, namespace } = made
    await api.apply({ ...proof, data: { written: 'before' } }, { signal: never })
    const old = new Set(
      (await host.list(instanceKind, { namespace, signal: never })).map(({ metadata }) => metadata.uid),
    )
    for (const node of nodes) await host.delete(instanceKind, node, namespace, { signal: never })
    const renewed = async (): Promise<boolean> => {
      const now = await host.list(instanceKind, { namespace, signal: never })
      return now.length === nodes.length && now.every(({ metadata }) => !old.has(metadata.uid))
    }
    await secondsUntil(renewed, 120, 'new VMs')
    const back = await secondsUntil(
      async () => (await api.get(proof, 'proof', 'default', AbortSignal.timeout(3_000)))?.data !== undefined,
      180,
      'the API with its data',
    )
    const ready = await secondsUntil(() => allReady(made, nodes), 180, 'all nodes')
    console.log(
      `${name}: API back ${back.toFixed(1)} s after the new VMs, nodes ${(back + ready).toFixed(1)} s`,
    )
  })

  it('keeps its data with --keep-data, and leaves nothing without', async (context) => {
    if (cluster === undefined) return context.skip(skipped ?? 'there is no cluster')
    await cluster.knest('delete', name, '--keep-data')
    expect(await machines(cluster)).toEqual([])
    await cluster.knest('create', name, '--backend', 'vm', '--persistent', ...vmFlags)
    const api = await cluster.reopen()
    expect((await api.get(proof, 'proof', 'default', never))?.data).toEqual({ written: 'before' })
    api.close()
    await cluster.knest('delete', name)
    await cluster.remove()
    expect(await listNames(host, 'PersistentVolume')).toEqual([])
    expect(await inventory(host)).toEqual(before)
  })
})
