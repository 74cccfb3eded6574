import { connect } from 'node:tls'
import { execText } from 'knest/kube'
import type { ExecResult, KubeApi } from 'knest'
import { never } from './cluster.js'
import type { TestCluster } from './cluster.js'

interface ShownCertificate {
  readonly node: string | null
  readonly name: string
  readonly expires: string
  readonly daysLeft: number
}

export interface ShownCertificates {
  readonly certificates: readonly ShownCertificate[]
  readonly authorities: readonly ShownCertificate[]
  readonly unfinished: readonly string[]
  readonly problems: readonly string[]
}

export async function certificates(cluster: TestCluster): Promise<ShownCertificates> {
  return JSON.parse(await cluster.knest('certs', cluster.name, '-o', 'json')) as ShownCertificates
}

/** Runs a script on a pod node; throws with its output on failure. */
export async function onNode(
  host: KubeApi,
  { namespace }: TestCluster,
  node: string,
  script: string,
): Promise<string> {
  const argv = ['bash', '-euo', 'pipefail', '-c', script]
  const result: ExecResult = await execText(host, { namespace, name: `${node}-0` }, argv, {
    timeoutMs: 120_000,
    signal: never,
  })
  if (result.exitCode !== 0)
    throw new Error(`script on ${node} ended with ${result.exitCode}: ${result.stderr}${result.stdout}`)
  return result.stdout
}

/** For a control plane: makes all that kubeadm renews there valid for minutes, as if its year were nearly over. */
export function shorteningScript(minutes: number): string {
  const config = [
    'apiVersion: kubeadm.k8s.io/v1beta4',
    'kind: ClusterConfiguration',
    'kubernetesVersion: v1.35.0',
    'encryptionAlgorithm: ECDSA-P256',
    `certificateValidityPeriod: ${minutes}m`,
  ].join('\\n')
  return `printf '${config}\\n' >/run/short.yaml && kubeadm certs renew all --config /run/short.yaml`
}

export async function shortenCertificates(
  host: KubeApi,
  cluster: TestCluster,
  node: string,
  minutes: number,
): Promise<void> {
  await onNode(host, cluster, node, shorteningScript(minutes))
}

/** A kubelet's client certificate that ends in a second, made by kubeadm on a control plane. */
export async function expiredKubeletCertificate(
  host: KubeApi,
  cluster: TestCluster,
  controlPlane: string,
  node: string,
): Promise<string> {
  const kubeconfig = await onNode(
    host,
    cluster,
    controlPlane,
    `kubeadm kubeconfig user --client-name=system:node:${node} --org=system:nodes --validity-period=1s 2>/dev/null`,
  )
  const part = (field: string): string => {
    const data = new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1]
    if (data === undefined) throw new Error(`the kubeconfig has no ${field}`)
    return Buffer.from(data, 'base64').toString('utf8')
  }
  return part('client-certificate-data') + part('client-key-data')
}

/** When the certificate ends that a program on a node shows now. */
export async function servedUntil(
  host: KubeApi,
  { namespace }: TestCluster,
  node: string,
  port: number,
): Promise<Date> {
  const socket = await host.forward({ namespace, name: `${node}-0` }, port, never)
  return new Promise((resolve, reject) => {
    const secure = connect({ socket, rejectUnauthorized: false }, () => {
      const { valid_to } = secure.getPeerCertificate()
      secure.destroy()
      resolve(new Date(valid_to))
    })
    // etcd says goodbye to who shows no certificate; by then it has shown its own.
    secure.on('error', reject)
  })
}
