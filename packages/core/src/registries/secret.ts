import type { HostData } from '../contracts/registries.js'

export interface Login {
  readonly username: string
  readonly password: string
}

const dockerConfig = '.dockerconfigjson'

/**
 * The logins of a Secret, by the server each is for; `undefined` as a server is the registry itself. Gives what is
 * wrong with it instead, as the end of a sentence and without anything of its content. Pure.
 */
export function loginsIn({
  data,
}: HostData): ReadonlyMap<string | undefined, Login> | { readonly fault: string } {
  const { username, password, [dockerConfig]: config } = data
  if (config !== undefined) return loginsOfConfig(config)
  if (username === undefined || password === undefined)
    return { fault: `has neither the key "${dockerConfig}" nor the keys "username" and "password"` }
  return new Map([[undefined, { username, password }]])
}

function loginsOfConfig(text: string): ReadonlyMap<string, Login> | { readonly fault: string } {
  const auths = authsIn(text)
  if (auths === undefined)
    return { fault: `has a "${dockerConfig}" that is no JSON with "auths" in it, as docker login writes it` }
  const logins = Object.entries(auths).flatMap(([server, entry]): [string, Login][] => {
    const login = loginOf(entry)
    return login === undefined ? [] : [[serverName(server), login]]
  })
  if (logins.length === 0) return { fault: `has no user and password in its "${dockerConfig}"` }
  return new Map(logins)
}

function authsIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { auths } = JSON.parse(text) as { readonly auths?: unknown }
    return typeof auths === 'object' && auths !== null ? (auths as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function loginOf(entry: unknown): Login | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { username, password, auth } = entry as Readonly<Record<string, unknown>>
  if (typeof username === 'string' && typeof password === 'string') return { username, password }
  if (typeof auth !== 'string') return undefined
  const [, user = '', secret = ''] = /^([^:]+):([^]+)$/.exec(Buffer.from(auth, 'base64').toString()) ?? []
  return user === '' ? undefined : { username: user, password: secret }
}

const dockerHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/** `https://index.docker.io/v1/` is what docker calls `docker.io`. */
function serverName(server: string): string {
  const name = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return dockerHub.includes(name) ? 'docker.io' : name
}
