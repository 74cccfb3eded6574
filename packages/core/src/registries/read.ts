import { kubectlCommand } from '../commands.js'
import type { ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { HostData, RegistryCa, RegistrySpec } from '../contracts/registries.js'
import { KnestError, type Problem } from '../errors.js'
import { certificateFault } from './certificate.js'
import { renderRegistries, type KnownRegistry, type RegistryFiles } from './render.js'
import { loginsIn, type Login } from './secret.js'

export interface RegistrySettings extends RegistryFiles {
  /** What of the spec refers to nothing, or to nothing of use; the files do without it. */
  readonly problems: readonly Problem[]
}

type Reader = Pick<ClusterHome, 'readData'>

/** Reads the Secrets and ConfigMaps that the registries of a spec refer to, and renders what nodes are to have. */
export async function readRegistries(
  home: Reader,
  ref: ClusterRef,
  { registries = [] }: Pick<ClusterSpec, 'registries'>,
  signal: AbortSignal,
): Promise<RegistrySettings> {
  const problems: Problem[] = []
  const known = await Promise.all(registries.map((registry) => read(home, ref, registry, problems, signal)))
  return { ...renderRegistries(known), problems }
}

async function read(
  home: Reader,
  { namespace }: ClusterRef,
  registry: RegistrySpec,
  problems: Problem[],
  signal: AbortSignal,
): Promise<KnownRegistry> {
  const { ca, credentials } = registry
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof KnestError) || !['prerequisite', 'not-permitted'].includes(error.code))
        throw error
      const hint = error.hint ?? 'have somebody allow it'
      problems.push({ severity: 'error', message: error.message, hint })
      return undefined
    }
  }
  const get = (kind: Kind, name: string): Promise<HostData> =>
    getData(home, { kind, name, namespace, registry }, signal)
  return {
    ...registry,
    certificates: ca === undefined ? undefined : await attempt(() => certificatesOf(registry, ca, get)),
    logins:
      credentials === undefined
        ? undefined
        : await attempt(() => loginsOf(registry, credentials.secretRef.name, get)),
  }
}

type Kind = 'Secret' | 'ConfigMap'
type Get = (kind: Kind, name: string) => Promise<HostData>

interface Reference {
  readonly kind: Kind
  readonly name: string
  readonly namespace: string
  readonly registry: RegistrySpec
}

async function getData(
  home: Reader,
  { kind, name, namespace, registry }: Reference,
  signal: AbortSignal,
): Promise<HostData> {
  const { host, credentials } = registry
  const what = `${kind} "${name}" of registry "${host}"`
  if (home.readData === undefined)
    throw missing(`${what} cannot be read: this host keeps none`, 'leave it out')
  const found = await home.readData(kind, name, namespace, signal)
  if (found !== undefined) return found
  const login = [`--docker-server=${host}`, '--docker-username=USER', '--docker-password=PASSWORD']
  const isLogin = kind === 'Secret' && credentials?.secretRef.name === name
  const type = kind === 'ConfigMap' ? ['configmap'] : ['secret', isLogin ? 'docker-registry' : 'generic']
  const content = isLogin ? login : ['--from-file=ca.crt']
  throw missing(
    `${what} is not in namespace "${namespace}"`,
    `make it, after its namespace: ${kubectlCommand('create', ...type, name, ...content, '-n', namespace)}`,
  )
}

async function certificatesOf(
  { host }: RegistrySpec,
  { pem, secretKeyRef, configMapKeyRef }: RegistryCa,
  get: Get,
): Promise<string | undefined> {
  const keyRef = secretKeyRef ?? configMapKeyRef
  if (keyRef === undefined) return pem
  const kind = secretKeyRef === undefined ? 'ConfigMap' : 'Secret'
  const { name, key = 'ca.crt' } = keyRef
  const text = (await get(kind, name)).data[key]
  const what = `${kind} "${name}" of registry "${host}"`
  if (text === undefined)
    throw missing(`${what} has no key "${key}"`, 'name the key that holds the certificate')
  const fault = certificateFault(text)
  if (fault !== undefined)
    throw missing(`key "${key}" of ${what} ${fault}`, 'put the CA certificate there, in PEM')
  return text
}

async function loginsOf(
  { host, mirrors = [] }: RegistrySpec,
  name: string,
  get: Get,
): Promise<KnownRegistry['logins']> {
  const all = loginsIn(await get('Secret', name))
  const what = `Secret "${name}" of registry "${host}"`
  if ('fault' in all)
    throw missing(`${what} ${all.fault}`, 'it has to be of type kubernetes.io/dockerconfigjson or basic-auth')
  const servers = [host, ...mirrors.map((url) => new URL(url).host)]
  if ([undefined, ...servers].some((server) => all.has(server))) return all
  const wanted = servers.map((server) => `"${server}"`).join(' or ')
  throw missing(`${what} has no entry for ${wanted}`, `it has ${namesOf(all)}`)
}

function missing(message: string, hint: string): KnestError {
  return new KnestError('prerequisite', message, { hint })
}

function namesOf(logins: ReadonlyMap<string | undefined, Login>): string {
  return [...logins.keys()].map((server) => `"${server ?? ''}"`).join(', ')
}
