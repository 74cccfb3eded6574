import { proxyFromEnvironment } from 'knest/kube'

type Environment = Readonly<Record<string, string | undefined>>

export interface Excepted {
  /** The variable that names the proxy, as in `$HTTPS_PROXY`. */
  readonly from: string
  /** `NO_PROXY` with the server in it. */
  readonly noProxy: string
}

/** What is missing for a server that is reached directly; undefined where no proxy of the environment is for it. */
export function exceptFromProxy(server: string, env: Environment): Excepted | undefined {
  if (!URL.canParse(server)) return undefined
  const url = new URL(server)
  const proxy = proxyFromEnvironment(url, env)
  if (proxy === undefined) return undefined
  const { NO_PROXY: upper, no_proxy: lower } = env
  const before = (upper ?? '') === '' ? (lower ?? '') : (upper ?? '')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { from: proxy.from, noProxy: before.trim() === '' ? host : `${before},${host}` }
}
