import { FieldFault, readFields, type Fields } from './fields.js'
import { readYaml } from './go-yaml.js'
import type { AuthProvider, ClusterEntry, ContextEntry, ExecConfig, Kubeconfig, UserEntry } from './model.js'

/**
 * Reads a kubeconfig as kubectl does: fields it does not know are passed over, those it knows must be of their type
 * in every entry of the file. Throws YamlFault or FieldFault, which quote no values.
 */
export function parseKubeconfig(text: string): Kubeconfig {
  const file = readFields(readYaml(text), '')
  const version = file.text('apiVersion')
  const kind = file.text('kind')
  if (version !== '' && version !== 'v1') throw new FieldFault('apiVersion is not v1')
  if (kind !== '' && kind !== 'Config') throw new FieldFault('kind is not Config')
  const preferences = file.group('preferences')
  preferences.flag('colors')
  extensionsOf(preferences)
  extensionsOf(file)
  return {
    currentContext: file.text('current-context'),
    clusters: named(file, 'clusters', 'cluster', readCluster),
    users: named(file, 'users', 'user', readUser),
    contexts: named(file, 'contexts', 'context', readContext),
  }
}

function named<T>(
  file: Fields,
  section: string,
  field: string,
  read: (fields: Fields) => T,
): ReadonlyMap<string, T> {
  const entries = new Map<string, T>()
  for (const entry of file.groups(section)) {
    const name = entry.text('name')
    if (entries.has(name)) throw new FieldFault(`${section} has two entries named "${name}"`)
    entries.set(name, read(entry.group(field)))
  }
  return entries
}

function extensionsOf(fields: Fields): ReadonlyMap<string, unknown> {
  const entries = new Map<string, unknown>()
  for (const entry of fields.groups('extensions')) {
    const name = entry.text('name')
    if (entries.has(name)) throw new FieldFault(`extensions have two entries named "${name}"`)
    entries.set(name, entry.raw('extension'))
  }
  return entries
}

function readCluster(fields: Fields): ClusterEntry {
  return {
    server: fields.text('server'),
    tlsServerName: fields.text('tls-server-name'),
    insecureSkipTlsVerify: fields.flag('insecure-skip-tls-verify'),
    certificateAuthority: fields.text('certificate-authority'),
    certificateAuthorityData: fields.bytes('certificate-authority-data'),
    proxyUrl: fields.text('proxy-url'),
    disableCompression: fields.flag('disable-compression'),
    extensions: extensionsOf(fields),
  }
}

function readUser(fields: Fields): UserEntry {
  extensionsOf(fields)
  return {
    clientCertificate: fields.text('client-certificate'),
    clientCertificateData: fields.bytes('client-certificate-data'),
    clientKey: fields.text('client-key'),
    clientKeyData: fields.bytes('client-key-data'),
    token: fields.text('token'),
    tokenFile: fields.text('tokenFile'),
    as: fields.text('as'),
    asUid: fields.text('as-uid'),
    asGroups: fields.texts('as-groups'),
    asUserExtra: fields.textsMap('as-user-extra'),
    username: fields.text('username'),
    password: fields.text('password'),
    authProvider: readAuthProvider(fields.optionalGroup('auth-provider')),
    exec: readExec(fields.optionalGroup('exec')),
  }
}

/** What an entry is that says nothing. */
export const emptyCluster = readCluster(readFields({}, ''))
export const emptyUser = readUser(readFields({}, ''))
export const emptyContext = readContext(readFields({}, ''))
export const emptyKubeconfig: Kubeconfig = {
  currentContext: '',
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
}

function readAuthProvider(fields: Fields | undefined): AuthProvider | undefined {
  return fields === undefined ? undefined : { name: fields.text('name'), config: fields.textMap('config') }
}

function readExec(fields: Fields | undefined): ExecConfig | undefined {
  if (fields === undefined) return undefined
  const apiVersion = fields.text('apiVersion')
  const mode = fields.text('interactiveMode')
  // Those who wrote for the older versions did not know the field.
  const older = /^client\.authentication\.k8s\.io\/v1(alpha1|beta1)$/.test(apiVersion)
  return {
    command: fields.text('command'),
    args: fields.texts('args'),
    env: fields.groups('env').map((each) => ({ name: each.text('name'), value: each.text('value') })),
    apiVersion,
    installHint: fields.text('installHint'),
    provideClusterInfo: fields.flag('provideClusterInfo'),
    interactiveMode: mode === '' && older ? 'IfAvailable' : mode,
  }
}

function readContext(fields: Fields): ContextEntry {
  return {
    cluster: fields.text('cluster'),
    user: fields.text('user'),
    namespace: fields.text('namespace'),
    extensions: extensionsOf(fields),
  }
}
