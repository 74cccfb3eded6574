import type { CertificateAuthorities } from '../contracts/cluster-home.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { labels, managedByKnest } from '../labels.js'
import { objectNames } from '../names.js'
import { applyOwn } from '../ownership.js'
import { keptOwners, type KeptRecord } from './record.js'

const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }

/** File names as kubeadm has them, `/` written as `-`. */
const authorityKeys = {
  ca: ['ca.crt', 'ca.key'],
  frontProxyCa: ['front-proxy-ca.crt', 'front-proxy-ca.key'],
  etcdCa: ['etcd-ca.crt', 'etcd-ca.key'],
  serviceAccount: ['sa.pub', 'sa.key'],
} as const

export function secret(record: KeptRecord, name: string, data: Readonly<Record<string, string>>): KubeObject {
  return {
    ...secretKind,
    metadata: {
      name,
      namespace: record.namespace,
      labels: { [labels.cluster]: record.name, [labels.managedBy]: managedByKnest },
      ownerReferences: keptOwners(record),
    },
    type: 'Opaque',
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  }
}

/** Whether the Secret has the keys of a cluster's authorities, whoever made it. */
export function hasAuthorities({ data = {} }: KubeObject): boolean {
  return Object.values(authorityKeys)
    .flat()
    .every((key) => key in (data as object))
}

export async function readAuthorities(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<CertificateAuthorities | undefined> {
  const found = await api.get(secretKind, objectNames.pkiSecret(ref.name), ref.namespace, signal)
  if (found === undefined) return undefined
  const data = (found.data ?? {}) as Readonly<Record<string, string>>
  const read = (key: string): string => {
    const value = data[key]
    if (value === undefined) {
      throw new KnestError(
        'config',
        `Secret "${objectNames.pkiSecret(ref.name)}" in namespace "${ref.namespace}" has no key "${key}"`,
        {
          hint: 'restore the Secret from a backup; without it no node can be added',
        },
      )
    }
    return Buffer.from(value, 'base64').toString('utf8')
  }
  const pair = ([cert, key]: readonly [string, string]): { cert: string; key: string } => ({
    cert: read(cert),
    key: read(key),
  })
  return {
    ca: pair(authorityKeys.ca),
    frontProxyCa: pair(authorityKeys.frontProxyCa),
    etcdCa: pair(authorityKeys.etcdCa),
    serviceAccount: pair(authorityKeys.serviceAccount),
  }
}

/** The first writer wins: certificates signed by an earlier CA must stay valid. */
export async function saveAuthorities(
  api: KubeApi,
  record: ClusterRecord,
  authorities: CertificateAuthorities,
  signal: AbortSignal,
): Promise<CertificateAuthorities> {
  const entries = (Object.keys(authorityKeys) as (keyof typeof authorityKeys)[]).flatMap((name) => {
    const [cert, key] = authorityKeys[name]
    return [
      [cert, authorities[name].cert],
      [key, authorities[name].key],
    ]
  })
  const data = Object.fromEntries(entries) as Record<string, string>
  try {
    await api.create(secret(record, objectNames.pkiSecret(record.name), data), { signal })
    return authorities
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'already-exists') throw error
    return (await readAuthorities(api, record, signal)) ?? authorities
  }
}

export async function readKubeconfig(
  api: KubeApi,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await api.get(secretKind, objectNames.kubeconfigSecret(ref.name), ref.namespace, signal)
  const { value } = (found?.data ?? {}) as { value?: string }
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8')
}

export async function saveKubeconfig(
  api: KubeApi,
  record: ClusterRecord,
  kubeconfig: string,
  signal: AbortSignal,
): Promise<void> {
  const { kubeconfigSecret } = objectNames
  await applyOwn(api, secret(record, kubeconfigSecret(record.name), { value: kubeconfig }), { signal })
}
