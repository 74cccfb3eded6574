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

const name = 'e2e-settings'
const namespace = `knest-${name}`
const folder = '/etc/kubernetes/audit'
const logs = '/var/log/kubernetes'
const maxPods = 57

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
    await host.delete({ apiVersion: 'v1', kind: 'Namespace' }, namespace, undefined, { signal: never })
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

  const expectSettings = async (controlPlane: string): Promise<void> => {
    expect(await ask(controlPlane, '/metrics')).toMatch(
      /^kubernetes_feature_enabled\{name="KubeletPSI",[^}]*\} 0$/m,
    )
    expect(await onNode(controlPlane, 'head', '-n', '1', `${logs}/audit.log`)).toContain('"level":"Metadata"')
    // Its certificate has the name.
    await ask(controlPlane, '/livez', '--tls-server-name=api.example.com')
    for (const node of [controlPlane, 'worker-0']) {
      const { kubeletconfig } = JSON.parse(
        await ask(controlPlane, `/api/v1/nodes/${name}-${node}/proxy/configz`),
      ) as { readonly kubeletconfig: unknown }
      expect(kubeletconfig).toMatchObject({ maxPods, featureGates: { KubeletPSI: false } })
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

  it('are those of the running components', () => expectSettings('cp-0'))

  it('are those of control planes that join', async () => {
    await cluster.knest('scale', name, '3:')
    await expectSettings('cp-2')
  })

  it('are those of a control plane that was replaced', async () => {
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
    await expectSettings('cp-1')
  })

  it('stay as they are', async () => {
    const other = join(directory, 'other.yaml')
    writeFileSync(other, file.replace(String(maxPods), '58'))
    await expect(cluster.knest('apply', '-f', other)).rejects.toThrow(
      /ended with 2:[^]*maxPods cannot be changed/,
    )
  })
})
