import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from 'knest'
import { createCluster, never, openHost, within } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { createHome } from './support/home.js'
import { podKind } from './support/nodes.js'
import { secondsUntil } from './support/until.js'
import { expectKept, startWriter } from './support/writer.js'

const name = 'e2e-settings'
const namespace = `knest-${name}`
const folder = '/etc/kubernetes/audit'
const logs = '/var/log/kubernetes'
const maxPods = 57
const isLong = process.env.KNEST_TEST_LONG !== undefined

// As upstream's documentation has audit logging, with the policy in a ConfigMap of the host.
const file = `apiVersion: knest.dev/v1alpha1
kind: NestedCluster
metadata: { name: ${name} }
spec:
  kubernetes:
    featureGates: { KubeletPSI: false }
    apiServer:
      extraArgs:
        - { name: audit-policy-file, value: ${folder}/policy.yaml }
        - { name: audit-log-path, value: ${logs}/audit.log }
      extraVolumes:
        - { name: audit, hostPath: ${folder}, mountPath: ${folder}, readOnly: true, pathType: Directory }
        - { name: audit-log, hostPath: ${logs}, mountPath: ${logs}, pathType: DirectoryOrCreate }
      certSANs: [api.example.com]
    kubelet: { maxPods: ${maxPods} }
    kubeProxy: { nftables: { minSyncPeriod: 2s } }
    files:
      - { path: ${folder}/policy.yaml, configMap: { name: audit, key: policy.yaml } }
`
const changed = file
  .replace('api.example.com', 'api.example.org')
  .replace(String(maxPods), '58')
  .replace('  kubernetes:', "  kubernetes:\n    scheduler: { extraArgs: [{ name: v, value: '3' }] }")
const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{ level: Metadata }]
`

describe("Kubernetes' own settings", () => {
  const home = createHome()
  const directory = mkdtempSync(join(tmpdir(), 'knest-e2e-'))
  let host: KubeApi
  let cluster: TestCluster

  beforeAll(async () => {
    host = await openHost(home)
    await host.create(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { signal: never },
    )
    const data = { 'policy.yaml': policy }
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'audit', namespace }, data }
    await host.create(configMap, { signal: never })
    const path = join(directory, 'cluster.yaml')
    writeFileSync(path, file)
    cluster = await createCluster(name, '--from', path)
  })
  afterAll(async () => {
    await cluster.remove()
    const kind = { apiVersion: 'v1', kind: 'Namespace' }
    await host.delete(kind, namespace, undefined, { signal: never })
    // The next test compares all that the host has.
    const isGone = async (): Promise<boolean> =>
      (await host.get(kind, namespace, undefined, never)) === undefined
    await secondsUntil(isGone, 60, 'the namespace to be gone')
    host.close()
    home.remove()
    rmSync(directory, { recursive: true })
  })

  const onNode = (node: string, ...command: readonly string[]): Promise<string> =>
    cluster.knest('ssh', name, node, '--', ...command)
  /** What the API server of this control plane itself answers. */
  const ask = (node: string, path: string, ...flags: readonly string[]): Promise<string> =>
    onNode(
      node,
      ...['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', '--server=https://127.0.0.1:6443'],
      ...['get', `--raw=${path}`, ...flags],
    )

  const expectSettings = async (controlPlane: string, pods: number, san: string): Promise<void> => {
    expect(await ask(controlPlane, '/metrics')).toMatch(
      /^kubernetes_feature_enabled\{name="KubeletPSI",[^}]*\} 0$/m,
    )
    expect(await onNode(controlPlane, 'head', '-n', '1', `${logs}/audit.log`)).toContain('"level":"Metadata"')
    // Its certificate has the name.
    await ask(controlPlane, '/livez', `--tls-server-name=${san}`)
    for (const node of [controlPlane, 'worker-0']) {
      const { kubeletconfig } = JSON.parse(
        await ask(controlPlane, `/api/v1/nodes/${name}-${node}/proxy/configz`),
      ) as { readonly kubeletconfig: unknown }
      expect(kubeletconfig).toMatchObject({ maxPods: pods, featureGates: { KubeletPSI: false } })
    }
    // It is a pod, which starts when its node is Ready.
    let proxy = ''
    const answers = async (): Promise<boolean> => {
      proxy = await onNode(controlPlane, 'busybox', 'wget', '-qO-', 'http://127.0.0.1:10249/configz')
      return true
    }
    await secondsUntil(answers, 60, 'kube-proxy to answer')
    expect(proxy).toContain('"KubeletPSI":false')
    expect(proxy).toContain('"MinSyncPeriod":"2s"')
  }

  it('are those of the running components', () => expectSettings('cp-0', maxPods, 'api.example.com'))

  const apply = (text: string): Promise<string> => {
    const path = join(directory, 'changed.yaml')
    writeFileSync(path, text)
    return cluster.knest('apply', '-f', path)
  }
  const scheduler = (node: string): Promise<string> => onNode(node, 'pgrep', '-af', '^kube-scheduler')

  it('are changed on a living cluster', async () => {
    await apply(changed)
    await expectSettings('cp-0', 58, 'api.example.org')
    await expect(ask('cp-0', '/livez', '--tls-server-name=api.example.com')).rejects.toThrow(/certificate/)
    expect(await scheduler('cp-0')).toContain('--v=3')
  })

  it('come back when a component does not come up with others', async () => {
    const bad = changed.replace("value: '3'", "value: '4' }, { name: leader-elect-lease-duration, value: 1s")
    await expect(apply(bad)).rejects.toThrow(
      /ended with 2:[^]*kube-scheduler on "[^"]*-cp-0" did not come up[^]*the former settings are back/,
    )
    expect(await scheduler('cp-0')).toContain('--v=3')
    expect(await cluster.knest('status', name)).toContain('Ready')
  })

  it('are those of control planes that join', async () => {
    await cluster.knest('scale', name, '3:')
    await expectSettings('cp-2', 58, 'api.example.org')
    expect(await scheduler('cp-2')).toContain('--v=3')
  })

  it.runIf(isLong)('are those of a control plane that was replaced', async () => {
    const pod = `${name}-cp-1-0`
    const before = await host.get(podKind, pod, namespace, never)
    await host.delete(podKind, pod, namespace, { signal: never, gracePeriodSeconds: 0 })
    const isAnother = async (): Promise<boolean> => {
      const found = await host.get(podKind, pod, namespace, within(5_000))
      const { phase } = (found?.status ?? {}) as { phase?: string }
      return found?.metadata.uid !== before?.metadata.uid && phase === 'Running'
    }
    await secondsUntil(isAnother, 60, `"${pod}" to run on a new disk`)
    await cluster.knest('scale', name, '3:')
    await expectSettings('cp-1', 58, 'api.example.org')
  })

  it.runIf(isLong)('are changed on three control planes, one after another', async () => {
    const writer = await startWriter(cluster, 'settings')
    await apply(file.replace('spec:', 'spec:\n  controlPlane: { count: 3 }'))
    expectKept('settings changed on three control planes', await writer.stop(), 2)
    for (const node of ['cp-0', 'cp-1', 'cp-2']) {
      await expectSettings(node, maxPods, 'api.example.com')
      expect(await scheduler(node)).not.toContain('--v=3')
    }
  })
  if (!isLong)
    console.log(
      'skipped: settings of a control plane that was replaced, and a change on three: hack/test --long has time for them',
    )
})
