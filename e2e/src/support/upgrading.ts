import { expect } from 'vitest'
import type { KubeObject } from 'knest'
import { isReady, never } from './cluster.js'
import type { TestCluster } from './cluster.js'
import { hostContext } from './home.js'
import { runKnest } from './knest.js'
import type { Outcome } from './knest.js'
import { secondsUntil } from './until.js'
import { from, to } from './versions.js'

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const versionOf = (node: KubeObject): string =>
  `${node.metadata.name} ${(node.status as { nodeInfo: { kubeletVersion: string } }).nodeInfo.kubeletVersion}`

export function upgrade(cluster: TestCluster, ...more: readonly string[]): readonly string[] {
  return ['upgrade', cluster.name, '--kubernetes-version', to, ...more]
}

/** Runs it and kills it so many milliseconds after a step has begun. */
export async function killIn(cluster: TestCluster, step: RegExp, milliseconds: number): Promise<Outcome> {
  return runKnest(cluster.home, [...upgrade(cluster), '--context', hostContext], {
    onStderr: (text, child) => {
      if (step.test(text)) setTimeout(() => child.kill('SIGKILL'), milliseconds)
    },
  })
}

/** Everything says the new version: kubelets, kubeadm, kube-proxy, knest. */
export async function expectUpgraded(cluster: TestCluster, nodes: readonly string[]): Promise<void> {
  const api = await cluster.reopen()
  const found = await api.list(nodeKind, { signal: never })
  expect(found.map(versionOf).sort()).toEqual(nodes.map((node) => `${node} v${to}`).sort())
  expect(found.every(isReady)).toBe(true)
  expect(found.filter(({ spec }) => (spec as { unschedulable?: boolean }).unschedulable === true)).toEqual([])
  const system = 'kube-system'
  const config = await api.get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kubeadm-config', system, never)
  expect(JSON.stringify(config?.data)).toContain(`kubernetesVersion: v${to}`)
  // Without it a control plane that joins from now on may not ask kubelets: its certificate is in no group of administrators.
  const binding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' }
  expect(await api.get(binding, 'kubeadm:apiserver-kubelet-client', undefined, never)).toBeDefined()
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
