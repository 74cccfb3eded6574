import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { createCluster, never, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'

const name = 'e2e-status'
const node = `${name}-cp-0`
const podKind = { apiVersion: 'v1', kind: 'Pod' }
const setKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' }

interface Status {
  readonly phase: string
  readonly nodes: readonly Readonly<Record<string, unknown>>[]
  readonly etcd: {
    readonly members: readonly Readonly<Record<string, unknown>>[]
    readonly problem: string | null
  }
  readonly certificates: {
    readonly earliest: { readonly daysLeft: number } | null
    readonly endSoon: number
    readonly problems: readonly string[]
  }
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[]
  readonly problems: readonly { readonly message: string; readonly hint: string }[]
}

describe('knest status', () => {
  let cluster: TestCluster
  let host: KubeApi

  beforeAll(async () => {
    cluster = await createCluster(name, '--persistent', '--worker-machine-count', '0')
    host = await openHost(cluster.home)
  })
  afterAll(async () => {
    host.close()
    await cluster.remove()
  })

  /** What `logs export` writes, by path. */
  const exported = async (): Promise<ReadonlyMap<string, string>> => {
    const folder = mkdtempSync(join(tmpdir(), 'knest-logs-'))
    try {
      const target = join(folder, 'logs')
      expect(await cluster.knest('logs', 'export', name, target)).toBe(`${target}\n`)
      const entries = readdirSync(target, { recursive: true, withFileTypes: true, encoding: 'utf8' })
      return new Map(
        entries
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .map((path) => [path.slice(target.length + 1), readFileSync(path, 'utf8')]),
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  const status = async (): Promise<Status> =>
    JSON.parse(await cluster.knest('status', name, '-o', 'json')) as Status

  const conditions = ({ conditions: found }: Status): readonly string[] =>
    found.map(({ type, status: value }) => `${type} ${value}`)

  const runPods = async (replicas: number): Promise<void> => {
    await host.patch(setKind, node, cluster.namespace, { spec: { replicas } }, { signal: never })
    await host.waitFor(
      podKind,
      { namespace: cluster.namespace, labelSelector: `knest.dev/node=${node}` },
      (pods) => pods.length === replicas,
      {
        timeoutMs: 120_000,
        signal: never,
        awaited: `${replicas} pods`,
        describe: (seen) => `${seen.length}`,
      },
    )
  }

  it('shows a cluster that is well, and what outlives its node', async () => {
    const shown = await status()
    expect(shown.phase).toBe('Ready')
    expect(shown.nodes).toEqual([
      expect.objectContaining({
        name: node,
        ready: true,
        status: 'Ready',
        version: '1.35.4',
        disk: 'persistent',
        reason: null,
      }),
    ])
    expect(shown.etcd).toEqual({
      members: [
        expect.objectContaining({
          id: expect.stringMatching(/^[0-9a-f]+$/) as string,
          name: node,
          healthy: true,
          leader: true,
          learner: false,
          dbSizeBytes: expect.any(Number) as number,
        }),
      ],
      problem: null,
    })
    expect(shown.certificates).toMatchObject({ endSoon: 0, problems: [] })
    expect(shown.certificates.earliest?.daysLeft).toBeGreaterThan(360)
    expect(shown.certificates.earliest?.daysLeft).toBeLessThan(367)
    expect(conditions(shown)).toEqual([
      'AddonsInstalled True',
      'Ready True',
      'APIAvailable True',
      'EtcdHealthy True',
    ])
    expect(shown.problems).toEqual([])
  })

  it('shows the same to people', async () => {
    const text = await cluster.knest('status', name)
    expect(text).toMatch(new RegExp(`\\n${node} +control-plane +Ready +1\\.35\\.4 +[\\d.]+ +persistent`))
    expect(text).toMatch(new RegExp(`\\n[0-9a-f]+ +${node} +healthy +yes +no +[\\d.]+ [KM]iB\\n`))
    expect(text).toMatch(/\ncertificates: the first to end is .* \(36\d days left\)\n/)
    expect(text).not.toContain('warning:')
  })

  it('exports what a bug report needs, and none of the secrets', async () => {
    const files = await exported()
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        ...['status.json', 'certificates.json', 'missing.txt', 'cut.txt', 'controller.log'],
        ...[
          'host/nestedcluster.yaml',
          'host/pods.yaml',
          'host/events.yaml',
          'host/secrets-names-and-keys.yaml',
        ],
        ...['nested/nodes.yaml', 'nested/kubeadm-config.yaml', 'nested/version.json'],
        ...[
          `nodes/${node}/kubelet.log`,
          `nodes/${node}/containerd.log`,
          `nodes/${node}/settings/config.yaml`,
        ],
      ]),
    )
    expect([...files.keys()].join('\n')).toMatch(/\/pods\/kube-apiserver-/)
    const all = [...files.values()].join('\n')
    expect(all.length).toBeLessThan(20_000_000)
    expect(files.get('host/secrets-names-and-keys.yaml')).toContain(`${name}-kubeconfig`)
    const secrets = await Promise.all(
      ['pki', 'kubeconfig'].map((what) =>
        host.get({ apiVersion: 'v1', kind: 'Secret' }, `${name}-${what}`, cluster.namespace, never),
      ),
    )
    const values = secrets.flatMap((secret) => Object.values((secret?.data ?? {}) as Record<string, string>))
    const keys = values
      .map((value) => Buffer.from(value, 'base64').toString())
      .flatMap((text) => [
        ...(/-----BEGIN [A-Z ]*PRIVATE KEY-----\n([^-]*)/.exec(text)?.[1]?.trim().split('\n') ?? []),
        ...(/client-key-data: (\S+)/.exec(text)?.slice(1) ?? []),
      ])
    expect(keys.length).toBeGreaterThan(4)
    expect(keys.filter((key) => all.includes(key))).toEqual([])
  })

  it('answers soon when the only control plane is away, and again when it is back', async () => {
    await runPods(0)
    const begun = Date.now()
    const away = await status()
    expect(Date.now() - begun).toBeLessThan(15_000)
    expect(away.phase).toBe('Degraded')
    expect(away.nodes).toMatchObject([
      { name: node, status: 'NotReady', disk: 'persistent', reason: 'its StatefulSet was scaled to 0' },
    ])
    expect(away.etcd).toEqual({ members: [], problem: 'no control plane runs' })
    expect(conditions(away)).toEqual([
      'AddonsInstalled True',
      'Ready Unknown',
      'APIAvailable False',
      'EtcdHealthy Unknown',
    ])
    const files = await exported()
    expect(files.get('status.json')).toContain('"Degraded"')
    expect(files.get('host/events.yaml')).toContain(node)
    expect(files.get('missing.txt')).toContain(`nodes/${node}: `)
    expect(files.get('missing.txt')).toContain('nested: ')
    expect(away.problems.map(({ message }) => message)).toEqual([
      'the API server cannot be asked: no control plane is ready',
      `node "${node}" does not run: its StatefulSet was scaled to 0`,
    ])

    await runPods(1)
    let last = ''
    for (const end = Date.now() + 180_000; last !== 'Ready' && Date.now() < end;)
      last = (await status()).phase
    expect(last).toBe('Ready')
  })

  it('tells how to go on with a cluster of which only the data is kept', async () => {
    await cluster.knest('delete', name, '--keep-data')
    const kept = await status()
    expect(kept.phase).toBe('Kept')
    expect(kept.nodes).toMatchObject([
      { name: node, status: 'NotReady', disk: 'persistent', ip: null, reason: 'only its disk is kept' },
    ])
    expect(kept.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'Kept',
    })
    expect(kept.problems).toMatchObject([{ hint: expect.stringContaining(`knest delete ${name}`) as string }])
  })
})
