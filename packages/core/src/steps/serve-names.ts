import { isMap, parseDocument } from 'yaml'
import { apiServer } from '../certificates/known.js'
import { alternativeNames, type UnnamedApi } from '../pki/served-names.js'
import type { KeyPair } from '../contracts/cluster-home.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { keptIn } from '../kubeadm/kept-configuration.js'
import { awaitNamed } from '../nested-api/reachable.js'
import { apiTargets } from '../nested-api/api-targets.js'
import { runScript } from '../node/run-script.js'
import { certifyAgain } from '../pki/index.js'
import { need } from './context.js'
import type { StepContext } from './context.js'

const configMapKind = { apiVersion: 'v1', kind: 'ConfigMap' }
const namespace = 'kube-system'
/** An API server sees the new file at once; its proxies need not be told. */
const settleMs = 10_000

/**
 * Gives the API servers' certificates the names that clients reach them by, and writes those down where kubeadm
 * reads them when a control plane joins. The keys stay, so one file changes, and the API server reads it again by
 * itself (dynamic certificates of k8s.io/apiserver). Names that it has stay: somebody may have a kubeconfig with them.
 */
export async function serveNames(
  context: Pick<StepContext, 'record' | 'home' | 'api' | 'authorities' | 'openNode'>,
  { nodes, names }: UnnamedApi,
  signal: AbortSignal,
): Promise<void> {
  const { record, home } = context
  const api = need(context.api, 'the nested API')
  const { ca } = need(context.authorities, 'the certificate authorities')
  const configMap = await api.get(configMapKind, keptIn.cluster.name, namespace, signal)
  await Promise.all(
    nodes.map(async (name) => certify(await context.openNode(name, signal), ca, names, signal)),
  )
  if (configMap !== undefined) await writeDown(api, configMap, names, signal)
  const urls = await home.apiUrls(record, signal)
  await awaitNamed(apiTargets(record, ca.cert, urls), { timeoutMs: settleMs, signal })
}

async function certify(
  node: NodeHandle,
  ca: KeyPair,
  added: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { path } = apiServer
  const options = { timeoutMs: 30_000, signal }
  const pem = await runScript(node, 'reading the certificate of the API', `cat ${path}\n`, options)
  const content = await certifyAgain(ca, pem, {
    commonName: 'kube-apiserver',
    usages: ['server'],
    ...alternativeNames(pem, added),
  })
  const stdin = await packBundle([{ path: `${path}.new`, content, mode: 0o644 }])
  const script = `tar --no-same-owner -xf - -C /
sync ${path}.new
mv ${path}.new ${path}
`
  await runScript(node, 'writing the certificate of the API', script, { ...options, stdin })
}

/** A configuration that cannot be read is left as it is. */
async function writeDown(
  api: KubeApi,
  configMap: KubeObject,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { key } = keptIn.cluster
  const { data } = configMap as { data?: Readonly<Record<string, string>> }
  const document = parseDocument(data?.[key] ?? '')
  if (document.errors.length > 0 || !isMap(document.contents)) return
  const { apiServer: settings } = document.toJS() as { apiServer?: { certSANs?: readonly string[] } | null }
  const held = settings?.certSANs ?? []
  const added = names.filter((name) => !held.includes(name))
  if (added.length === 0) return
  if (settings === null) document.delete('apiServer')
  document.setIn(['apiServer', 'certSANs'], [...held, ...added])
  const { name, resourceVersion } = configMap.metadata
  await api.patch(
    configMapKind,
    name,
    namespace,
    { metadata: { resourceVersion }, data: { [key]: document.toString() } },
    { signal },
  )
}
