import type { ClusterEntry, ExecConfig } from '../kubeconfig/model.js'
import { readFields, type Fields } from '../kubeconfig/fields.js'
import { readYaml } from '../kubeconfig/go-yaml.js'
import { parseTime } from '../../values/index.js'

/** What a login plugin gave. */
export interface PluginCredentials {
  /** Empty when it gave a certificate alone. */
  readonly token: string
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** In milliseconds; undefined: valid until it is refused. */
  readonly expiresAt: number | undefined
}

/** What is wrong with the answer of a plugin, as in "gave no status". Holds nothing of it. */
export class AnswerFault extends Error {}

/** The value of `KUBERNETES_EXEC_INFO`. */
export function execInfo(
  { apiVersion, provideClusterInfo }: ExecConfig,
  cluster: ClusterInfo,
  interactive: boolean,
): string {
  const spec = { ...(provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}), interactive }
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec })
}

export interface ClusterInfo {
  readonly entry: ClusterEntry
  /** PEM; empty when the kubeconfig names none. */
  readonly ca: Buffer
}

function clusterInfo({ entry, ca }: ClusterInfo): unknown {
  const filled = {
    'tls-server-name': entry.tlsServerName,
    'insecure-skip-tls-verify': entry.insecureSkipTlsVerify,
    'certificate-authority-data': ca.toString('base64'),
    'proxy-url': entry.proxyUrl,
    'disable-compression': entry.disableCompression,
  }
  return {
    server: entry.server,
    ...Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== '' && value !== false)),
    config: entry.extensions.get('client.authentication.k8s.io/exec') ?? null,
  }
}

/** Reads what a plugin wrote to its standard output. Throws AnswerFault. */
export function readExecCredential(output: string, apiVersion: string): PluginCredentials {
  const answer = readAnswer(output)
  const [kind, version] = [answer.text('kind'), answer.text('apiVersion')]
  if (kind !== 'ExecCredential') throw new AnswerFault('gave something else than an ExecCredential')
  if (version !== apiVersion)
    throw new AnswerFault(`gave apiVersion ${version}, and the kubeconfig says ${apiVersion}`)
  const status = answer.optionalGroup('status')
  if (status === undefined) throw new AnswerFault('gave no status')
  const token = status.text('token')
  const cert = status.text('clientCertificateData')
  const key = status.text('clientKeyData')
  if (token === '' && cert === '' && key === '')
    throw new AnswerFault('gave neither a token nor a certificate')
  if ((cert === '') !== (key === '')) throw new AnswerFault('gave a certificate or a key, not both')
  return {
    token,
    certificate: cert === '' ? undefined : { cert, key },
    expiresAt: readTime(status.text('expirationTimestamp')),
  }
}

function readAnswer(output: string): Fields {
  try {
    // As in client-go what begins as JSON is that and nothing more, unlike a kubeconfig.
    const isJson = /^\s*\{/.test(output)
    return readFields(isJson ? JSON.parse(output) : readYaml(output), '')
  } catch {
    throw new AnswerFault('gave something else than an ExecCredential')
  }
}

function readTime(text: string): number | undefined {
  if (text === '') return undefined
  const time = parseTime(text)
  if (time === undefined) throw new AnswerFault('gave an expirationTimestamp that is no time')
  return time
}
