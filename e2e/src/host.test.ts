import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { createCluster, listNames, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { memberList } from './support/etcd.js'
import { hostEngine, restartHost } from './support/host.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { createReaderHome, findKubectl, runBlock } from './support/readme.js'
import { runKnest } from './support/knest.js'
import { plainStatus } from './support/plain-client.js'
import { nodeFlags } from './support/nodes.js'
import { readProof, writeProof, written } from './support/proof.js'
import { readyAnew } from './support/ready-nodes.js'
import { secondsUntil } from './support/until.js'
import { answers, runWeb } from './support/workload.js'

const foreign = process.env.KNEST_E2E_CONTEXT
// Members of etcd that come back together are those of restart.test.ts, too.
const isLong = process.env.KNEST_TEST_LONG !== undefined
const controlPlanes = isLong ? [0, 1, 2] : [0]
if (!isLong)
  console.log('skipped: three control planes on a host that comes back: hack/test --long has time for them')
if (foreign !== undefined) console.log(`skipped: knest host is not tested on the foreign host "${foreign}"`)

describe.skipIf(foreign !== undefined)('knest host', () => {
  let home: TestHome
  let host: KubeApi
  const marker = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'e2e-marker', namespace: 'default' },
  }

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    await host.apply({ ...marker, data: { kept: 'yes' } }, { signal: never })
  })
  afterAll(async () => {
    await host.delete(marker, 'e2e-marker', 'default', { signal: never })
    host.close()
    home.remove()
  })

  it('up is nothing to do when it is up', async () => {
    const outcome = await runKnest(home, ['host', 'up'])
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(outcome.stdout).toContain('is up already')
  })

  it('answers a client that knows server, authority and client certificate only', async () => {
    expect(await plainStatus(readFileSync(home.kubeconfig, 'utf8'), hostContext)).toBe(200)
  })

  it('load puts an image into the host, which create then finds', async () => {
    const image = 'localhost/knest/node:e2e-copy'
    const program = await hostEngine(home)
    execFileSync(program, ['tag', 'localhost/knest/node:v1.35.4', image])
    try {
      const loaded = await runKnest(home, ['host', 'load', image])
      expect(loaded.code, loaded.stderr).toBe(0)
      const found = await runKnest(home, [
        'preflight',
        'e2e-image',
        '--image',
        image,
        '--context',
        hostContext,
      ])
      expect(found.code, found.stdout + found.stderr).toBe(0)
      const missing = await runKnest(home, ['host', 'load', 'localhost/knest/absent:v1'])
      expect(missing.code, missing.stderr).toBe(4)
    } finally {
      execFileSync(program, ['untag', image, image])
    }
  })

  it('up brings the same host back after its container was stopped, with its data and its clusters', async () => {
    const large = 'e2e-members-back'
    const made = await Promise.all([
      createCluster(large, '--persistent', '--control-plane-machine-count', String(controlPlanes.length)),
      createCluster('e2e-beside', '--worker-machine-count', '0'),
    ])
    const [cluster] = made
    try {
      await runWeb(cluster.api, `${large}-worker-0`)
      for (const { api } of made) await writeProof(api)
      const nodes = await Promise.all(made.map(({ api }) => listNames(api, 'Node')))
      await restartHost(home)
      const kept = await host.get(marker, 'e2e-marker', 'default', never)
      expect(kept?.data).toEqual({ kept: 'yes' })
      await Promise.all(made.map((each, index) => back(each, nodes[index] ?? [])))
      await secondsUntil(() => answers(cluster.api), 60, 'the Service to answer')
      const members = controlPlanes.map((index) => `${large}-cp-${index} started`)
      expect(await memberList(cluster.home, large)).toEqual(members)
    } finally {
      for (const each of made) await each.remove()
    }
  })

  it('is found by commands without --context, on a machine without a kubeconfig', async () => {
    const empty = createReaderHome()
    rmSync(empty.kubeconfig, { force: true })
    const run = async (...argv: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runKnest(empty, argv)
      expect(code, `${argv.join(' ')}: ${stderr}${stdout}`).toBe(0)
      return stdout + stderr
    }
    const current = (): string | undefined =>
      /^current-context: (.*)$/m.exec(readFileSync(empty.kubeconfig, 'utf8'))?.[1]
    const create = (name: string): readonly string[] => [
      ...['create', name, ...nodeFlags, '--worker-machine-count', '0'],
    ]
    try {
      // The embedded host is the last resort, and becomes the current context by `host up`.
      expect(await run(...create('e2e-found'), '--dry-run')).toContain('note: there is no current context')
      await run('host', 'up')
      expect(current()).toBe('knest-host')
      expect(await run(...create('e2e-found'))).not.toContain('note:')
      expect(await run('list')).toContain('e2e-found')

      if (findKubectl() === undefined) await run('kubeconfig', 'e2e-found', '--switch-context')
      else await runBlock(empty, 'kubectl config use-context knest-e2e-found')
      expect(current()).toBe('knest-e2e-found')
      expect(await run('list')).toContain('e2e-found')
      expect(await run('status', 'e2e-found')).toContain('e2e-found-cp-0')
      const second = await run(...create('e2e-other'), '--dry-run')
      expect(second).toContain('note: context "knest-e2e-found" is a nested')
      expect(await run('shell', 'e2e-found', '--', 'knest', 'list', '-o', 'name')).toContain('e2e-found')
      // Named, it is a host like any other: with no nested clusters.
      expect(await run('list', '--context', 'knest-e2e-found')).toBe('No nested clusters found\n')
      await run('delete', 'e2e-found')
      expect(await run('list', '-o', 'name')).not.toContain('e2e-found')
    } finally {
      await runKnest(empty, ['delete', 'e2e-found', '--ignore-not-found', '--context', 'knest-host'])
      empty.remove()
    }
  })

  const back = async (cluster: TestCluster, nodes: readonly string[]): Promise<void> => {
    const { api, name } = cluster
    let proof: unknown
    const read = async (): Promise<boolean> => (proof = await readProof(api)) !== undefined
    const apiBack = await secondsUntil(read, 90, `the API of "${name}"`)
    expect(proof).toEqual(written)
    const allReady = readyAnew(cluster, api, nodes)
    const nodesBack = apiBack + (await secondsUntil(allReady, 120, `the nodes of "${name}"`))
    console.log(
      `${name}: API back ${apiBack.toFixed(1)} s and nodes Ready ${nodesBack.toFixed(1)} s after host "${hostContext}" was up again`,
    )
  }
})
