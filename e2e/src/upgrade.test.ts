import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from 'knest'
import { createCluster, isReady, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { memberList } from './support/etcd.js'
import { createHome, hostContext } from './support/home.js'
import { runKnest } from './support/knest.js'
import type { Outcome } from './support/knest.js'
import {
  currentVersion as to,
  loadPreviousImage,
  previousFlags,
  previousVersion as from,
} from './support/previous-version.js'
import { startProber } from './support/prober.js'
import { readProof, writeProof, written } from './support/proof.js'
import { expectSettings, inlinePolicy, settingsFile } from './support/settings.js'
import { secondsUntil } from './support/until.js'
import { expectKept, startWriter } from './support/writer.js'

const foreign = process.env.KNEST_E2E_CONTEXT
const why = await whyNot()
if (why !== undefined) console.log(`skipped: upgrades: ${why}`)
// Where everything is built, a missing image is no reason.
const skip = process.env.KNEST_TEST_LONG === undefined || foreign !== undefined

async function whyNot(): Promise<string | undefined> {
  if (foreign !== undefined) return `the foreign host "${foreign}" gets no images from here`
  if (process.env.KNEST_TEST_LONG === undefined) return 'hack/test --long builds the image of another version'
  const home = createHome()
  try {
    return await loadPreviousImage(home)
  } finally {
    home.remove()
  }
}

const settings = { maxPods: 57, san: 'api.example.com' }
const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const versionOf = (node: KubeObject): string =>
  `${node.metadata.name} ${(node.status as { nodeInfo: { kubeletVersion: string } }).nodeInfo.kubeletVersion}`
const upgrade = (cluster: TestCluster, ...more: readonly string[]): readonly string[] => [
  ...['upgrade', cluster.name, '--kubernetes-version', to],
  ...more,
]

/** Runs it and kills it so many milliseconds after a step has begun. */
async function killIn(cluster: TestCluster, step: RegExp, milliseconds: number): Promise<Outcome> {
  return runKnest(cluster.home, [...upgrade(cluster), '--context', hostContext], {
    onStderr: (text, child) => {
      if (step.test(text)) setTimeout(() => child.kill('SIGKILL'), milliseconds)
    },
  })
}

/** Everything says the new version: kubelets, kubeadm, kube-proxy, knest. */
async function expectUpgraded(cluster: TestCluster, nodes: readonly string[]): Promise<void> {
  const api = await cluster.reopen()
  const found = await api.list(nodeKind, { signal: never })
  expect(found.map(versionOf).sort()).toEqual(nodes.map((node) => `${node} v${to}`).sort())
  expect(found.every(isReady)).toBe(true)
  expect(found.filter(({ spec }) => (spec as { unschedulable?: boolean }).unschedulable === true)).toEqual([])
  const system = 'kube-system'
  const config = await api.get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kubeadm-config', system, never)
  expect(JSON.stringify(config?.data)).toContain(`kubernetesVersion: v${to}`)
  const proxy = await api.get({ apiVersion: 'apps/v1', kind: 'DaemonSet' }, 'kube-proxy', system, never)
  expect(JSON.stringify(proxy?.spec)).toContain(`kube-proxy:v${to}`)
  const podsOfSystem = (): Promise<readonly KubeObject[]> =>
    api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: system, signal: never })
  // As after a create, DNS is Available with one of its pods.
  await secondsUntil(async () => (await podsOfSystem()).every(isReady), 60, 'all pods of kube-system')
  const pods = await podsOfSystem()
  expect(pods.filter(({ spec }) => JSON.stringify(spec).includes(`:v${from}`))).toEqual([])
  expect(await cluster.knest('list')).toMatch(new RegExp(`${cluster.name} .* ${to} +Ready `))
  await cluster.knest('ssh', cluster.name, 'cp-0', '--', 'kubeadm', 'certs', 'check-expiration')
}

describe.skipIf(skip)(`knest upgrade from ${from} to ${to}`, () => {
  const name = 'e2e-upgrade'
  let cluster: TestCluster
  let host: KubeApi
  const directory = mkdtempSync(join(tmpdir(), 'knest-e2e-'))

  beforeAll(async () => {
    if (why !== undefined) throw new Error(why)
    const file = join(directory, 'cluster.yaml')
    writeFileSync(file, settingsFile(name, settings, inlinePolicy))
    cluster = await createCluster(
      name,
      ...['--from', file, ...previousFlags],
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
    ['a downgrade', '1.34.0', 2, 'downgrade'],
    ['a skipped minor version', '1.36.3', 2, 'one minor version at a time'],
    ['a version of which the host has no image', '1.35.99', 3, 'has the image'],
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

describe.skipIf(skip)('a sole control plane', () => {
  it.each([
    ['ephemeral', [], []],
    ['persistent', ['--persistent'], ['--max-surge', '1']],
  ])('keeps its data and comes back with the new version: %s', async (kind, flags, pace) => {
    const name = `e2e-upgrade-${kind}`
    const cluster = await createCluster(name, ...previousFlags, ...flags)
    try {
      await writeProof(cluster.api)
      const killed = await killIn(cluster, /Upgrade control plane ".*-cp-0" to .* \.\.\./, 6_000)
      expect(killed.signal, killed.stderr).toBe('SIGKILL')
      await cluster.knest(...upgrade(cluster, ...pace))
      await expectUpgraded(cluster, [`${name}-cp-0`, `${name}-worker-0`])
      expect(await readProof(await cluster.reopen())).toEqual(written)
    } finally {
      await cluster.remove()
    }
  })
})
