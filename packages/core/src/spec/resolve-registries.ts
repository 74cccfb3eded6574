import type { ClusterSpec } from '../contracts/cluster.js'
import type { RegistryCa, RegistrySpec } from '../contracts/registries.js'
import { certificateFault } from '../registries/index.js'
import { isPort, parseWholeNumber, subdomainFault } from '../values/index.js'
import type { ProblemList } from './problem-list.js'
import type { ClusterInput, RegistryInput } from './schema.js'

export function resolveRegistries(
  input: ClusterInput['registries'],
  problems: ProblemList,
): Pick<ClusterSpec, 'registries'> {
  if (input === undefined || input.length === 0) return {}
  const seen = new Set<string>()
  return {
    registries: input.map((registry) => {
      if (seen.has(registry.host))
        problems.error(`registry "${registry.host}" is there twice`, 'write one entry for it')
      seen.add(registry.host)
      return resolve(registry, problems)
    }),
  }
}

function resolve(
  { host, mirrors = [], ca, credentials, insecure }: RegistryInput,
  problems: ProblemList,
): RegistrySpec {
  const what = `registry "${host}"`
  const fault = hostFault(host)
  if (fault !== undefined)
    problems.error(
      `${what} ${fault}`,
      'write it as names of images begin, as in docker.io or registry.example:5000',
    )
  checkMirrors(what, mirrors, problems)
  if (ca !== undefined) checkCa(what, ca, problems)
  if (ca !== undefined && insecure === true)
    problems.error(`${what} is insecure and has a CA, which nobody would look at`, 'leave one of them out')
  if (credentials !== undefined)
    checkName(what, 'credentials.secretRef', credentials.secretRef.name, problems)
  const isAny = host === '*'
  if (isAny && mirrors.length === 0)
    problems.error(`${what} names no mirror`, 'give the mirrors of all registries that are not named')
  if (isAny && credentials !== undefined)
    problems.error(
      `${what} has credentials, which every registry would get`,
      'give them to registries by their names',
    )
  if (!isAny && mirrors.length === 0 && insecure !== true && ca === undefined && credentials === undefined)
    problems.error(`${what} says nothing`, 'give mirrors, ca, credentials or insecure, or leave it out')
  return {
    host,
    ...(mirrors.length === 0 ? {} : { mirrors }),
    ...(ca === undefined ? {} : { ca }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(insecure === undefined ? {} : { insecure }),
  }
}

/** The end of a sentence; undefined when names of images can begin so. */
function hostFault(host: string): string | undefined {
  if (host === '*') return undefined
  if (host === '') return 'has no name'
  if (host.includes('://')) return 'has a scheme in front; leave it out'
  if (host.includes('/')) return 'has a path; registries are known by their hosts'
  if (host === 'index.docker.io' || host === 'registry-1.docker.io')
    return 'is called docker.io in names of images'
  const [name = '', port, ...more] = host.split(':')
  if (more.length > 0 || (port !== undefined && !isPort(parseWholeNumber(port) ?? 0)))
    return 'has no port between 1 and 65535 after its ":"'
  // Kubernetes takes it for a folder of docker.io.
  if (port === undefined && name !== 'localhost' && !name.includes('.')) return 'has neither a "." nor a port'
  return subdomainFault(name)
}

function checkMirrors(what: string, mirrors: readonly string[], problems: ProblemList): void {
  const seen = new Set<string>()
  for (const mirror of mirrors) {
    const url = URL.canParse(mirror) ? new URL(mirror) : undefined
    if (url !== undefined && (url.username !== '' || url.password !== '')) {
      // What is in front of the host is not for messages either.
      problems.error(
        `a mirror of ${what}, ${url.protocol}//${url.host}, has a user or password in its URL`,
        'put them into a Secret, and name that as credentials',
      )
    } else if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.host === '') {
      problems.error(
        `mirror "${mirror}" of ${what} is not a URL`,
        'write it as http://mirror.example:5000 or https://mirror.example',
      )
    } else if (url.search !== '' || url.hash !== '') {
      problems.error(`mirror "${mirror}" of ${what} has a query or fragment`, 'leave it out')
    } else if (seen.has(mirror)) {
      problems.error(`mirror "${mirror}" of ${what} is there twice`, 'keep one of them')
    }
    seen.add(mirror)
  }
}

function checkCa(what: string, ca: RegistryCa, problems: ProblemList): void {
  const { pem, secretKeyRef, configMapKeyRef } = ca
  const given = [pem, secretKeyRef, configMapKeyRef].filter((one) => one !== undefined)
  if (given.length !== 1)
    problems.error(
      `ca of ${what} has ${given.length} of pem, secretKeyRef and configMapKeyRef`,
      'give one of them',
    )
  const fault = pem === undefined ? undefined : certificateFault(pem)
  if (fault !== undefined)
    problems.error(`ca.pem of ${what} ${fault}`, 'put the CA certificate there, in PEM')
  if (secretKeyRef !== undefined) checkName(what, 'ca.secretKeyRef', secretKeyRef.name, problems)
  if (configMapKeyRef !== undefined) checkName(what, 'ca.configMapKeyRef', configMapKeyRef.name, problems)
}

function checkName(what: string, field: string, name: string, problems: ProblemList): void {
  const fault = subdomainFault(name)
  if (fault !== undefined)
    problems.error(
      `${field} "${name}" of ${what} ${fault}`,
      'name an object of the host, in the namespace of the cluster',
    )
}
