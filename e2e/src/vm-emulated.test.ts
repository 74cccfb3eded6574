import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { isReady, listNames, never, openCluster, openHost, within } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { inventory, quietInventory } from './support/inventory.js'
import { knest, runKnest } from './support/knest.js'
import { equipKubeVirt } from './support/kubevirt.js'
import type { Equipped } from './support/kubevirt.js'
import { secondsUntil } from './support/until.js'

const name = 'e2e-emulated'
const nodes = [`${name}-cp-0`, `${name}-worker-0`]
const nodeKind = { apiVersion: 'v1', kind: 'Node' }

// A kernel, an init and a network of the node's own: what a container that stands in for a VM does not show.
describe('a cluster whose nodes are machines with a kernel of their own', () => {
  let home: TestHome
  let host: KubeApi
  let equipped: Equipped | undefined
  let skipped: string | undefined
  let before: readonly string[]
  let api: KubeApi | undefined

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    const outcome = await equipKubeVirt(host, 'qemu')
    if ('skipped' in outcome) skipped = outcome.skipped
    else if (outcome.kind === 'real KubeVirt') skipped = 'a real KubeVirt runs all of vm.test.ts'
    else equipped = outcome
    if (skipped !== undefined) console.log(`skipped: emulated machines: ${skipped}`)
    before = await quietInventory(host)
  })
  afterAll(async () => {
    api?.close()
    await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    equipped?.remove()
    host.close()
    home.remove()
  })

  it('is created', async (context) => {
    if (equipped === undefined) return context.skip(skipped)
    const started = Date.now()
    await knest(
      home,
      ...['create', name, '--backend', 'vm', ...equipped.createFlags, '--timeout', '20m'],
      ...['--control-plane-machine-memory-size', '2Gi', '--worker-machine-memory-size', '2Gi'],
    )
    console.log(`created in ${((Date.now() - started) / 1000).toFixed(0)} s, on ${equipped.kind}`)
    api = await openCluster(home, name)
    const found = await api.list(nodeKind, { signal: never })
    expect(found.map(({ metadata }) => metadata.name).sort()).toEqual(nodes)
    expect(found.every(isReady)).toBe(true)
    const { nodeInfo } = found[0]?.status as { nodeInfo: { kernelVersion: string; osImage: string } }
    expect(await knest(home, 'ssh', name, 'cp-0', '--', 'uname', '-r')).toBe(`${nodeInfo.kernelVersion}\n`)
    expect(await knest(home, 'ssh', name, 'cp-0', '--', 'stat', '-fc', '%T', '/sys/fs/cgroup')).toBe(
      'cgroup2fs\n',
    )
  }, 1_500_000)

  it('is back with the same node after its control plane was rebooted', async (context) => {
    const nested = api
    if (nested === undefined) return context.skip(skipped ?? 'there is no cluster')
    const bootIdOf = async (): Promise<string | undefined> => {
      const node = await nested.get(nodeKind, `${name}-cp-0`, undefined, within(10_000))
      return node !== undefined && isReady(node)
        ? (node.status as { nodeInfo: { bootID: string } }).nodeInfo.bootID
        : undefined
    }
    const boot = await bootIdOf()
    expect(boot).toBeDefined()
    await runKnest(home, ['ssh', name, 'cp-0', '--context', hostContext, '--', 'reboot'])
    const seconds = await secondsUntil(
      async () => {
        const now = await bootIdOf()
        return now !== undefined && now !== boot
      },
      600,
      'the node to be Ready after its reboot',
    )
    console.log(`Ready ${seconds.toFixed(0)} s after the reboot`)
    expect(await listNames(nested, 'Node')).toEqual(nodes)
  }, 900_000)

  it('is deleted without a trace', async (context) => {
    if (api === undefined) return context.skip(skipped ?? 'there is no cluster')
    await knest(home, 'delete', name)
    expect(await inventory(host)).toEqual(before)
  })
})
