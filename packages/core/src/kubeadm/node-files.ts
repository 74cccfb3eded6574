import { yamlText } from '../yaml-text.js'
import { placeholderNetwork } from './placeholder-network.js'
import type { CertificateAuthorities, ClusterAddresses } from '../contracts/cluster-home.js'
import type { ClusterRef, ClusterSpec, WorkerPool } from '../contracts/cluster.js'
import { clusterSelector } from '../labels.js'
import { kubeletClientCertificate } from '../pki/index.js'
import type { NodeFile, NodeLink } from './bundle.js'
import { criSocket } from './config.js'
import type { KeptConfiguration } from './kept-configuration.js'
import { keptKubeletConfiguration } from './kubelet-config.js'
import type { KubeletFlag } from './kubelet-flags.js'
import { renderKubeletFlags, withKeptFlags } from './kubelet-flags.js'

const pki = '/etc/kubernetes/pki'
const secret = 0o600
const open = 0o644

/** Everything from which kubeadm makes the rest of a control-plane node's certificates. */
export function authorityFiles(authorities: CertificateAuthorities): readonly NodeFile[] {
  const { ca, frontProxyCa, etcdCa, serviceAccount } = authorities
  return [
    { path: `${pki}/ca.crt`, content: ca.cert, mode: open },
    { path: `${pki}/ca.key`, content: ca.key, mode: secret },
    { path: `${pki}/front-proxy-ca.crt`, content: frontProxyCa.cert, mode: open },
    { path: `${pki}/front-proxy-ca.key`, content: frontProxyCa.key, mode: secret },
    { path: `${pki}/etcd/ca.crt`, content: etcdCa.cert, mode: open },
    { path: `${pki}/etcd/ca.key`, content: etcdCa.key, mode: secret },
    { path: `${pki}/sa.pub`, content: serviceAccount.cert, mode: open },
    { path: `${pki}/sa.key`, content: serviceAccount.key, mode: secret },
  ]
}

export interface WorkerInput {
  readonly ref: ClusterRef
  readonly node: string
  readonly pool: WorkerPool
  readonly spec: ClusterSpec
  readonly addresses: ClusterAddresses
  readonly authorities: CertificateAuthorities
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  /** What the cluster keeps goes before what knest would say. */
  readonly kept?: KeptConfiguration
  /** Flags that this node's kubelet had before. */
  readonly kubeletFlags?: readonly KubeletFlag[]
}

/**
 * A worker joins by having what `kubeadm join` would leave behind. knest holds the CA, so it mints the
 * kubelet's certificate itself: no bootstrap token, no discovery, no approval to wait for.
 */
export async function workerFiles(input: WorkerInput): Promise<readonly (NodeFile | NodeLink)[]> {
  const client = await kubeletClientCertificate(input.authorities.ca, input.node)
  const current = '/var/lib/kubelet/pki/kubelet-client-current.pem'
  const first = '/var/lib/kubelet/pki/kubelet-client-knest.pem'
  return [
    { path: `${pki}/ca.crt`, content: input.authorities.ca.cert, mode: open },
    // kubelet rotates by moving this link; a plain file would stop the rotation.
    { path: first, content: client.cert + client.key, mode: secret },
    { path: current, target: first },
    { path: '/etc/kubernetes/kubelet.conf', content: kubeletKubeconfig(input, current), mode: secret },
    ...placeholderNetwork(input.spec.network),
    ...workerSettings(input),
  ]
}

/** What tells a worker's kubelet how to run: the same for all nodes of a pool, and nothing secret. */
export function workerSettings({
  ref,
  spec,
  pool,
  cgroupDriver,
  kept,
  kubeletFlags = [],
}: Pick<
  WorkerInput,
  'ref' | 'spec' | 'pool' | 'cgroupDriver' | 'kept' | 'kubeletFlags'
>): readonly NodeFile[] {
  const config = {
    ...keptKubeletConfiguration(kept, spec, cgroupDriver),
    ...(pool.taints.length > 0 ? { registerWithTaints: pool.taints } : {}),
  }
  const flags = renderKubeletFlags(withKeptFlags([labelFlag(ref, pool)], kubeletFlags))
  return [
    { path: '/var/lib/kubelet/config.yaml', content: yamlText(config), mode: open },
    { path: '/var/lib/kubelet/instance-config.yaml', content: instanceConfig(), mode: open },
    { path: '/var/lib/kubelet/kubeadm-flags.env', content: flags, mode: open },
  ]
}

function instanceConfig(): string {
  return yamlText({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: criSocket,
  })
}

function labelFlag({ name }: ClusterRef, pool: WorkerPool): KubeletFlag {
  const nodeLabels = Object.entries(pool.labels).map(([key, value]) => `${key}=${value}`)
  return { name: 'node-labels', value: [...nodeLabels, clusterSelector(name)].join(',') }
}

function kubeletKubeconfig({ authorities, addresses, node }: WorkerInput, certificate: string): string {
  return yamlText({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default-cluster',
        cluster: {
          'certificate-authority-data': Buffer.from(authorities.ca.cert).toString('base64'),
          server: `https://${addresses.controlPlaneEndpoint}`,
        },
      },
    ],
    users: [
      {
        name: `system:node:${node}`,
        user: { 'client-certificate': certificate, 'client-key': certificate },
      },
    ],
    contexts: [
      { name: 'default-context', context: { cluster: 'default-cluster', user: `system:node:${node}` } },
    ],
    'current-context': 'default-context',
  })
}
