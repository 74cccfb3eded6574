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
  const { host, ca, credentials } = registry
  const refuse = (message: string, hint: string): undefined => {
    problems.push({ severity: 'error', message, hint })
  }
  const get = async (kind: 'Secret' | 'ConfigMap', name: string): Promise<HostData | undefined> => {
    const what = `${kind} "${name}" of registry "${host}"`
    if (home.readData === undefined)
      return refuse(`${what} cannot be read: this host keeps none`, 'leave it out')
    let found: HostData | undefined
    try {
      found = await home.readData(kind, name, namespace, signal)
    } catch (error) {
      if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
      return refuse(`${what} cannot be read: ${error.message}`, error.hint ?? 'have somebody allow it')
    }
    if (found !== undefined) return found
    const example =
      kind === 'ConfigMap'
        ? ['configmap', name, '--from-file=ca.crt']
        : credentials?.secretRef.name === name
          ? [
              'secret',
              'docker-registry',
              name,
              `--docker-server=${host}`,
              '--docker-username=USER',
              '--docker-password=PASSWORD',
            ]
          : ['secret', 'generic', name, '--from-file=ca.crt']
    return refuse(
      `${what} is not in namespace "${namespace}"`,
      `make it, after its namespace: ${kubectlCommand('create', ...example, '-n', namespace)}`,
    )
  }
  const certificates = async ({
    pem,
    secretKeyRef,
    configMapKeyRef,
  }: RegistryCa): Promise<string | undefined> => {
    const keyRef = secretKeyRef ?? configMapKeyRef
    if (keyRef === undefined) return pem
    const kind = secretKeyRef === undefined ? 'ConfigMap' : 'Secret'
    const { name, key = 'ca.crt' } = keyRef
    const found = await get(kind, name)
    if (found === undefined) return undefined
    const text = found.data[key]
    const what = `${kind} "${name}" of registry "${host}"`
    if (text === undefined)
      return refuse(`${what} has no key "${key}"`, 'name the key that holds the certificate')
    const fault = certificateFault(text)
    return fault === undefined
      ? text
      : refuse(`key "${key}" of ${what} ${fault}`, 'put the CA certificate there, in PEM')
  }
  const logins = async (name: string): Promise<KnownRegistry['logins']> => {
    const found = await get('Secret', name)
    if (found === undefined) return undefined
    const what = `Secret "${name}" of registry "${host}"`
    const all = loginsIn(found)
    if ('fault' in all)
      return refuse(
        `${what} ${all.fault}`,
        'it has to be of type kubernetes.io/dockerconfigjson or basic-auth',
      )
    const servers = [host, ...(registry.mirrors ?? []).map((url) => new URL(url).host)]
    if (![undefined, ...servers].some((server) => all.has(server)))
      return refuse(
        `${what} has no entry for ${servers.map((server) => `"${server}"`).join(' or ')}`,
        `it has ${namesOf(all)}`,
      )
    return all
  }
  return {
    ...registry,
    certificates: ca === undefined ? undefined : await certificates(ca),
    logins: credentials === undefined ? undefined : await logins(credentials.secretRef.name),
  }
}

function namesOf(logins: ReadonlyMap<string | undefined, Login>): string {
  return [...logins.keys()].map((server) => `"${server ?? ''}"`).join(', ')
}
