import { KnestError } from '@knest/core'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the engine's command sends its requests. */
export interface EngineEndpoint {
  /** As in `ssh://root@other` or `unix:///var/run/docker.sock`. */
  readonly url: string
  /** What names it, as in `DOCKER_HOST`. */
  readonly namedBy: string
  /** What to do for the engine of this machine. */
  readonly otherwise: string
}

/** Where the engine itself runs, as far as it says so. */
export interface EnginePlace {
  readonly kernel?: string | undefined
  readonly hostname?: string | undefined
  readonly system?: string | undefined
  /** The command only passes requests on. */
  readonly isClient?: boolean | undefined
}

/** podman without these works by itself. */
export function podmanEndpoint(env: Environment): EngineEndpoint | undefined {
  const variable = ['CONTAINER_HOST', 'CONTAINER_CONNECTION'].find((name) => (env[name] ?? '') !== '')
  if (variable === undefined) return undefined
  return { url: env[variable] ?? '', namedBy: variable, otherwise: `unset ${variable}` }
}

/** Of what `docker context inspect` says; the variable alone counts when it says nothing. */
export function dockerEndpoint(inspected: string, env: Environment): EngineEndpoint | undefined {
  const context = currentContext(inspected)
  const host = env.DOCKER_HOST ?? ''
  if (host !== '') return { url: host, namedBy: 'DOCKER_HOST', otherwise: 'unset DOCKER_HOST' }
  if (context === undefined) return undefined
  const otherwise = (env.DOCKER_CONTEXT ?? '') === '' ? 'docker context use default' : 'unset DOCKER_CONTEXT'
  return { url: context.url, namedBy: `context "${context.name}"`, otherwise }
}

interface DockerContext {
  readonly Name?: string
  readonly Endpoints?: { readonly docker?: { readonly Host?: string } }
}

function currentContext(inspected: string): { readonly name: string; readonly url: string } | undefined {
  try {
    const [context] = JSON.parse(inspected) as readonly DockerContext[]
    const url = context?.Endpoints?.docker?.Host
    return url === undefined ? undefined : { name: context?.Name ?? '', url }
  } catch {
    return undefined
  }
}

/** Of what `podman info` says. */
export function podmanPlace(text: string): EnginePlace {
  const { host } = JSON.parse(text) as {
    readonly host?: {
      readonly kernel?: string
      readonly hostname?: string
      readonly serviceIsRemote?: boolean
    }
  }
  return { kernel: host?.kernel, hostname: host?.hostname, isClient: host?.serviceIsRemote }
}

/** Of what `docker info` says. */
export function dockerPlace(text: string): EnginePlace {
  const info = JSON.parse(text) as {
    readonly KernelVersion?: string
    readonly Name?: string
    readonly OperatingSystem?: string
  }
  return { kernel: info.KernelVersion, hostname: info.Name, system: info.OperatingSystem }
}

/**
 * Why the engine is not one of this machine: the host's container, its address and what is looked at
 * before it is made must be of one machine. Undefined when it is one, as far as can be told.
 */
export function elsewhere(
  engine: 'podman' | 'docker',
  endpoint: EngineEndpoint | undefined,
  place: EnginePlace,
  own: { readonly kernel: string; readonly hostname: string },
): KnestError | undefined {
  const named = endpoint === undefined ? '' : ` (${endpoint.url}, by ${endpoint.namedBy})`
  const refuse = (where: string): KnestError =>
    new KnestError(
      'prerequisite',
      `${engine} works ${where}${named}, but the embedded host needs an engine of this machine`,
      {
        hint: `use this machine's own: ${endpoint?.otherwise ?? `install podman or Docker Engine here, or work on the machine that ${engine} is on`}`,
      },
    )
  const way = endpoint === undefined ? 'local' : reach(endpoint.url)
  if (way === 'remote') return refuse('on another machine')
  if (place.system === 'Docker Desktop') return refuse('in the virtual machine of Docker Desktop')
  if (engine === 'podman' && (endpoint !== undefined || place.isClient === true))
    return refuse('by a service, as with podman machine')
  if (isSaid(place.kernel) && place.kernel !== own.kernel)
    return refuse(`on another machine or in a virtual one, with kernel ${place.kernel}`)
  // A port of this machine may be the end of a tunnel.
  if (way === 'loopback' && isSaid(place.hostname) && place.hostname !== own.hostname)
    return refuse(`on the machine "${place.hostname}"`)
  return undefined
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}

/** podman's CONTAINER_CONNECTION is a name and not a URL: what it stands for is a service in any case. */
function reach(url: string): 'local' | 'loopback' | 'remote' {
  const [, scheme = '', host = ''] = /^([a-z+]+):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/i.exec(url) ?? []
  if (['', 'unix', 'fd', 'npipe'].includes(scheme)) return 'local'
  const isLoopback = host === 'localhost' || host === '[::1]' || host.startsWith('127.')
  return scheme !== 'ssh' && isLoopback ? 'loopback' : 'remote'
}
