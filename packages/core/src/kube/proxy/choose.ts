import { isExcepted, isLoopback } from './no-proxy.js'
import { proxyFromUrl, type Proxy } from './proxy-url.js'
import { hostOf, portOf } from '../../url-host.js'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy of the environment for an API server, by Go's rules: `HTTPS_PROXY` or `HTTP_PROXY` by the server's scheme,
 * upper case first, an address without a scheme is an HTTP proxy, never for loopback. Undefined: connect directly, as
 * also where the variable is none.
 */
export function proxyFromEnvironment(server: URL, env: Environment): Proxy | undefined {
  const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const [name, value] = firstSet(env, variable)
  if (value === '') return undefined
  const host = hostOf(server)
  const port = portOf(server)
  if (isLoopback(host) || isExcepted(firstSet(env, 'NO_PROXY')[1], host, port)) return undefined
  const own = /\s/.test(value) ? undefined : proxyFromUrl(ofKnownScheme(value), `$${name}`)
  return own ?? proxyFromUrl(`http://${value}`, `$${name}`)
}

/** A scheme that Go knows nothing of is asked for a tunnel as an HTTP proxy is. */
function ofKnownScheme(address: string): string {
  return address.replace(/^(?!(?:https?|socks5h?):)[a-z][a-z\d+.-]*:\/\/(?=[^/])/i, 'http://')
}

function firstSet(env: Environment, variable: string): readonly [string, string] {
  const lower = variable.toLowerCase()
  if ((env[variable] ?? '') !== '') return [variable, env[variable] ?? '']
  return [lower, env[lower] ?? '']
}
