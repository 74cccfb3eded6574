import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { openKube } from 'knest/kube'
import type { KindRef } from 'knest'
import { never, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { inventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'
import type { Outcome } from './support/knest.js'

const name = 'e2e-apply'

function file(spec: string): string {
  return `apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: { name: ${name} }\nspec: ${spec}\n`
}

const small = file('{ addons: { storage: none }, workers: [{ name: worker, count: 1 }] }')
const pools = file(
  '{ addons: { storage: local-path }, workers: [{ name: worker, count: 0 }, { name: edge, count: 2, labels: { edge: "yes" } }] }',
)

// The tests go on from each other.
describe('knest plan and knest apply', () => {
  let home: TestHome

  beforeAll(() => {
    home = createHome()
  })
  afterAll(async () => {
    await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    home.remove()
  })

  const run = (command: 'apply' | 'plan', text: string, ...flags: readonly string[]): Promise<Outcome> =>
    runKnest(home, [command, '-f', '-', '--context', hostContext, ...flags], { input: text })
  const names = async (kind: KindRef): Promise<readonly string[]> => {
    const kubeconfig = join(home.path, '.kube', `knest.knest-${name}.${name}.kubeconfig`)
    const api = await openKube({ kubeconfig })
    try {
      return (await api.list(kind, { signal: never })).map(({ metadata }) => metadata.name).sort()
    } finally {
      api.close()
    }
  }

  const nodes = (): Promise<readonly string[]> => names({ apiVersion: 'v1', kind: 'Node' })
  const classes = (): Promise<readonly string[]> =>
    names({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' })

  it('plan says that the cluster would be created, and creates nothing', async () => {
    const host = await openHost(home)
    const before = await inventory(host, [name])
    const outcome = await run('plan', small)
    expect(outcome.code, outcome.stderr).toBe(1)
    expect(outcome.stdout).toContain(`cluster "${name}" would be created`)
    expect(await inventory(host, [name])).toEqual(before)
    host.close()
  })

  it('apply creates it, and then there is nothing to do', async () => {
    const created = await run('apply', small)
    expect(created.code, created.stderr).toBe(0)
    expect(created.stdout).toBe(`cluster "${name}" created\n`)
    expect(await nodes()).toEqual([`${name}-cp-0`, `${name}-worker-0`])
    expect(await classes()).toEqual([])
    expect((await run('plan', small)).code).toBe(0)
    expect((await run('apply', small)).stdout).toBe(`cluster "${name}" unchanged\n`)
  })

  it('apply adds a pool with labels, empties another and brings storage', async () => {
    const planned = await run('plan', pools)
    expect(planned.code, planned.stderr).toBe(1)
    expect(planned.stdout).toMatch(/workers\.edge +<none> +2 nodes/)
    const outcome = await run('apply', pools)
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(await nodes()).toEqual([`${name}-cp-0`, `${name}-edge-0`, `${name}-edge-1`])
    expect(await classes()).toEqual(['local-path'])
    expect((await run('plan', pools)).code).toBe(0)
  })

  it('apply refuses what cannot change, all of it at once, and changes nothing', async () => {
    const outcome = await run(
      'apply',
      file(
        '{ network: { podNetworkCidr: [10.99.0.0/16] }, workers: [{ name: edge, count: 2, machine: { cpuCores: 1 } }] }',
      ),
    )
    expect(outcome.code, outcome.stderr).toBe(2)
    expect(outcome.stderr).toContain('network.podNetworkCidr cannot be changed from')
    expect(outcome.stderr).toContain('workers.edge.machine.cpuCores cannot be changed')
    expect((await run('plan', pools)).code).toBe(0)
  })
})
