import { hostOf, isLoopback } from '@knest/core'

type Environment = Readonly<Record<string, string | undefined>>

/** What a node's pulls go through, and what of the machine's settings cannot serve them. */
export interface PullProxy {
  /** Variables of the container, which its init gives to containerd alone. */
  readonly variables: Readonly<Record<string, string>>
  /** Proxies of the machine, without credentials, that no container reaches: they listen on its loopback. */
  readonly unreachable: readonly string[]
}

/** Engines put these of their own environment or configuration into every container. */
export const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap(
  (name) => [name, name.toLowerCase()],
)

const never = ['localhost', '127.0.0.0/8', '::1', '.svc', '.cluster.local']

/**
 * Proxies are for pulls only: in a node's environment kubeadm would write them into its static pods, and Kubernetes
 * would talk to itself by way of them. `own`: the node's address.
 */
export function pullProxy(env: Environment, own: string): PullProxy {
  const value = (name: string): string =>
    [env[name.toLowerCase()], env[name]].find((text) => text !== undefined && text !== '') ?? ''
  const told = ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) =>
    value(name) === '' ? [] : [[name, value(name)] as const],
  )
  const usable = told.filter(([, proxy]) => !isUnreachable(proxy))
  const unreachable = [
    ...new Set(told.filter(([, proxy]) => isUnreachable(proxy)).map(([, proxy]) => inWords(proxy))),
  ]
  if (usable.length === 0) return { variables: {}, unreachable }
  const list = [
    ...new Set([
      ...value('NO_PROXY')
        .split(',')
        .map((entry) => entry.trim()),
      ...never,
      own,
    ]),
  ]
  const variables = [...usable, ['NO_PROXY', list.filter((entry) => entry !== '').join(',')] as const]
  return {
    variables: Object.fromEntries(variables.map(([name, text]) => [`KNEST_PULL_${name}`, text])),
    unreachable,
  }
}

/** `proxy.example:3128` is allowed, too, as in curl and Go. */
function parse(proxy: string): URL | undefined {
  const text = proxy.includes('://') ? proxy : `http://${proxy}`
  return URL.canParse(text) ? new URL(text) : undefined
}

function inWords(proxy: string): string {
  return parse(proxy)?.host ?? 'a proxy that is no URL'
}

function isUnreachable(proxy: string): boolean {
  const url = parse(proxy)
  return url === undefined || isLoopback(hostOf(url))
}
