import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { createCluster, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { memberList } from './support/etcd.js'
import { hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import { startProber } from './support/prober.js'
import { readProof, writeProof, written } from './support/proof.js'
import { expectSettings, inlinePolicy, settingsFile } from './support/settings.js'
import { expectUpgraded, killIn, upgrade } from './support/upgrading.js'
import { flagsOf, from, needImages, to, versions } from './support/versions.js'
import { expectKept, startWriter } from './support/writer.js'

const foreign = process.env.KNEST_E2E_CONTEXT
if (foreign !== undefined)
  console.log(`skipped: upgrades: the foreign host "${foreign}" gets no images from here`)
const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong) console.log('skipped: an upgrade of 3+2: hack/test --long has time for it')

const minorOf = (version: string): number => Number(version.split('.')[1])
const settings = { maxPods: 57, san: 'api.example.com' }

describe.runIf(isLong && foreign === undefined)(`knest upgrade from ${from} to ${to}`, () => {
  const name = 'e2e-upgrade'
  let cluster: TestCluster
  let host: KubeApi
  const directory = mkdtempSync(join(tmpdir(), 'knest-e2e-'))

  beforeAll(async () => {
    await needImages(from, to)
    const file = join(directory, 'cluster.yaml')
    writeFileSync(file, settingsFile(name, settings, inlinePolicy))
    cluster = await createCluster(
      name,
      ...['--from', file, ...flagsOf(from)],
      ...['--control-plane-machine-count', '3', '--worker-machine-count', '2'],
    )
    await expectSettings(cluster, 'cp-0', settings)
    host = await openHost(cluster.home)
    await writeProof(cluster.api)
  })
  afterAll(async () => {
    await cluster.remove()
    host.close()
    rmSync(directory, { recursive: true })
  })

  it.each([
    ['a downgrade', `1.${minorOf(from)}.0`, 2, 'downgrade'],
    ['a skipped minor version', versions.at(-1) ?? '', 2, 'one minor version at a time'],
    ['a version of which the host has no image', `1.${minorOf(to)}.99`, 3, 'has the image'],
  ])('refuses %s and changes nothing', async (_what, version, code, message) => {
    const argv = ['upgrade', name, '--kubernetes-version', version, '--context', hostContext]
    const outcome = await runKnest(cluster.home, argv)
    expect(outcome.code, outcome.stderr).toBe(code)
    expect(outcome.stderr).toContain(message)
    expect(await cluster.knest('list')).toMatch(new RegExp(`${name} .* ${from} +Ready `))
  })

  it('shows its steps beforehand', async () => {
    const plan = await cluster.knest(...upgrade(cluster), '--dry-run')
    expect(plan).toContain(`Upgrade control plane "${name}-cp-2" to ${to}`)
    expect(plan).toContain(`Upgrade worker "${name}-worker-1" to ${to}`)
  })

  it('keeps a workload answering, is killed twice, and comes to its end', async () => {
    const prober = await startProber(cluster, host)
    const writer = await startWriter(cluster, 'upgrade')
    const started = Date.now()
    for (const [step, milliseconds] of [
      [/Upgrade control plane ".*-cp-1" to .* \.\.\./, 4_000],
      [/Upgrade worker ".*-worker-0" to .* \.\.\./, 12_000],
    ] as const) {
      const killed = await killIn(cluster, step, milliseconds)
      expect(killed.signal, killed.stderr).toBe('SIGKILL')
      expect(await cluster.knest('status', name)).toContain(
        `knest upgrade ${name} --kubernetes-version ${to}`,
      )
    }
    expect(await cluster.knest(...upgrade(cluster))).toBe(`cluster "${name}" upgraded to ${to}\n`)
    const seconds = Math.round((Date.now() - started) / 1000)
    const written = await writer.stop()
    expectKept(`upgrade ${from} → ${to}, 3+2, ${seconds} s, killed twice`, written)
    const { answers, longestGap } = await prober.stop()
    console.log(`workload: ${answers} answers, longest time without one ${longestGap.toFixed(1)} s`)
    expect(longestGap).toBeLessThan(10)
    const members = [0, 1, 2].map((index) => `${name}-cp-${index}`)
    expect(await memberList(cluster.home, name)).toEqual(members.map((member) => `${member} started`))
    await expectUpgraded(cluster, [...members, `${name}-worker-0`, `${name}-worker-1`])
  })

  it('keeps the settings of Kubernetes', async () => {
    for (const node of ['cp-0', 'cp-1', 'cp-2']) await expectSettings(cluster, node, settings)
  })

  it('is content when all is done, and goes on from there', async () => {
    expect(await cluster.knest(...upgrade(cluster), '--dry-run')).not.toContain('Upgrade')
    expect(await cluster.knest(...upgrade(cluster))).toBe(`cluster "${name}" upgraded to ${to}\n`)
    // Fewer first: a small host has no room for more.
    await cluster.knest('scale', name, ':1')
    await cluster.knest('scale', name, ':2')
    await expectUpgraded(cluster, [
      ...[0, 1, 2].map((index) => `${name}-cp-${index}`),
      ...[0, 1].map((index) => `${name}-worker-${index}`),
    ])
    expect(await readProof(cluster.api)).toEqual(written)
  })
})
