import {
  isMadeFor,
  KnestError,
  labels,
  managedByKnest,
  objectNames,
  ownedBy,
  refuseForeign,
} from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject, NodeSpec } from '@knest/core'
import { newKeyPair } from './ssh/key-pair.js'
import type { SshKeyPair } from './ssh/key-pair.js'

export interface NodeKeys {
  /** By which nodes know knest: one for the cluster. */
  readonly client: SshKeyPair
  /** By which knest knows the node: each its own, so that no node can pass for another. */
  readonly host: SshKeyPair
}

const secretKind: KindRef = { apiVersion: 'v1', kind: 'Secret' }
const clientKey = 'id_ed25519'

function hostKey(node: string): string {
  return `host-${node}`
}

/**
 * The keys in Secret `NAME-ssh`, made when they are not there. The caller holds the cluster's lock. A key
 * that is there stays: nodes were given it.
 */
export async function ensureNodeKeys(api: KubeApi, spec: NodeSpec, signal: AbortSignal): Promise<NodeKeys> {
  const { name, namespace } = spec.cluster
  const secret = objectNames.sshSecret(name)
  const stored =
    (await api.get(secretKind, secret, namespace, signal)) ?? (await createSecret(api, spec, signal))
  if (!isMadeFor(spec.cluster, stored)) await refuseForeign(api, [keysSecret(spec)], signal)
  const found = readNodeKeys(stored, spec.name)
  if (found !== undefined) return found
  const patch = { data: encoded(hostKey(spec.name), newKeyPair(spec.name)) }
  const patched = await api.patch(secretKind, secret, namespace, patch, { signal })
  const keys = readNodeKeys(patched, spec.name)
  if (keys === undefined) throw damaged(spec.cluster)
  return keys
}

/** Nodes are made at the same time: the first to write the cluster's key wins. */
async function createSecret(api: KubeApi, spec: NodeSpec, signal: AbortSignal): Promise<KubeObject> {
  const { name, namespace } = spec.cluster
  const data = encoded(clientKey, newKeyPair(`knest ${namespace}/${name}`))
  const object: KubeObject = { ...keysSecret(spec), type: 'Opaque', data }
  try {
    return await api.create(object, { signal })
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'already-exists') throw error
    const other = await api.get(secretKind, object.metadata.name, namespace, signal)
    if (other === undefined) throw error
    return other
  }
}

function keysSecret({ cluster: { name, namespace }, clusterUid }: NodeSpec): KubeObject {
  return {
    ...secretKind,
    metadata: {
      name: objectNames.sshSecret(name),
      namespace,
      labels: { [labels.cluster]: name, [labels.managedBy]: managedByKnest },
      ownerReferences: [ownedBy(name, clusterUid)],
    },
  }
}

/** The keys of a node that was made before. */
export async function nodeKeys(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<NodeKeys> {
  const stored = await api.get(secretKind, objectNames.sshSecret(cluster.name), cluster.namespace, signal)
  const keys = stored === undefined ? undefined : readNodeKeys(stored, node)
  if (keys === undefined) throw damaged(cluster)
  return keys
}

/** Absent is fine, and a Secret of somebody else stays as it is. */
export async function forgetNodeKeys(
  api: KubeApi,
  cluster: ClusterRef,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const name = objectNames.sshSecret(cluster.name)
  const stored = await api.get(secretKind, name, cluster.namespace, signal)
  if (stored === undefined || !isMadeFor(cluster, stored)) return
  const data = { [hostKey(node)]: null, [`${hostKey(node)}.pub`]: null }
  try {
    await api.patch(secretKind, name, cluster.namespace, { data }, { signal })
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-found') throw error
  }
}

function encoded(name: string, pair: SshKeyPair): Record<string, string> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return { [name]: base64(pair.private), [`${name}.pub`]: base64(pair.public) }
}

function readNodeKeys(secret: KubeObject, node: string): NodeKeys | undefined {
  const client = readPair(secret, clientKey)
  const host = readPair(secret, hostKey(node))
  return client === undefined || host === undefined ? undefined : { client, host }
}

function readPair(secret: KubeObject, name: string): SshKeyPair | undefined {
  const data = (secret.data ?? {}) as Readonly<Record<string, string | undefined>>
  const [privateKey, publicKey] = [data[name], data[`${name}.pub`]]
  if (privateKey === undefined || publicKey === undefined) return undefined
  const text = (value: string): string => Buffer.from(value, 'base64').toString('utf8')
  return { private: text(privateKey), public: text(publicKey) }
}

function damaged({ name, namespace }: ClusterRef): KnestError {
  return new KnestError(
    'config',
    `Secret "${objectNames.sshSecret(name)}" in namespace "${namespace}" lacks keys`,
    {
      hint: 'restore it from a backup; without them the VM nodes of the cluster take no commands',
    },
  )
}
