import { expect } from 'vitest'
import type { TestCluster } from './cluster.js'
import { secondsUntil } from './until.js'

const folder = '/etc/kubernetes/audit'
const logs = '/var/log/kubernetes'

export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{ level: Metadata }]
`

export const inlinePolicy = `content: ${JSON.stringify(auditPolicy)}`

/** What distinguishes one set of settings from another. */
export interface Settings {
  readonly maxPods: number
  /** A name that the API server's certificate has besides. */
  readonly san: string
}

/** As upstream's documentation has audit logging, with a setting of each component besides; `policy` is YAML. */
export function settingsFile(name: string, { maxPods, san }: Settings, policy: string): string {
  return `apiVersion: knest.dev/v1alpha1
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
      certSANs: [${san}]
    kubelet: { maxPods: ${maxPods} }
    kubeProxy: { nftables: { minSyncPeriod: 2s } }
    files:
      - { path: ${folder}/policy.yaml, ${policy} }
`
}

export function onNode(cluster: TestCluster, node: string, ...command: readonly string[]): Promise<string> {
  return cluster.knest('ssh', cluster.name, node, '--', ...command)
}

/** What the API server of this control plane itself answers. */
export function ask(
  cluster: TestCluster,
  node: string,
  path: string,
  ...flags: readonly string[]
): Promise<string> {
  const kubectl = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', '--server=https://127.0.0.1:6443']
  return onNode(cluster, node, ...kubectl, 'get', `--raw=${path}`, ...flags)
}

/** The components of a control plane and of the first worker run with what `settingsFile` says. */
export async function expectSettings(
  cluster: TestCluster,
  controlPlane: string,
  { maxPods, san }: Settings,
): Promise<void> {
  expect(await ask(cluster, controlPlane, '/metrics')).toMatch(
    /^kubernetes_feature_enabled\{name="KubeletPSI",[^}]*\} 0$/m,
  )
  const line = await onNode(cluster, controlPlane, 'head', '-n', '1', `${logs}/audit.log`)
  expect(line).toContain('"level":"Metadata"')
  // Its certificate has the name.
  await ask(cluster, controlPlane, '/livez', `--tls-server-name=${san}`)
  for (const node of [controlPlane, 'worker-0']) {
    const { kubeletconfig } = JSON.parse(
      await ask(cluster, controlPlane, `/api/v1/nodes/${cluster.name}-${node}/proxy/configz`),
    ) as { readonly kubeletconfig: unknown }
    expect(kubeletconfig).toMatchObject({ maxPods, featureGates: { KubeletPSI: false } })
  }
  // It is a pod, which starts when its node is Ready.
  let proxy = ''
  const answers = async (): Promise<boolean> => {
    const url = 'http://127.0.0.1:10249/configz'
    proxy = await onNode(cluster, controlPlane, 'busybox', 'wget', '-qO-', url)
    return true
  }
  await secondsUntil(answers, 60, 'kube-proxy to answer')
  expect(proxy).toContain('"KubeletPSI":false')
  expect(proxy).toContain('"MinSyncPeriod":"2s"')
}
