import { KnestError } from 'knest'
import { hostOf, proxyFromEnvironment } from 'knest/kube'
import { readAddition } from './entries.js'

type Environment = Readonly<Record<string, string | undefined>>

/** The host of a server that kubectl would reach through a proxy of the environment; undefined when it would not. */
export function proxiedHost(server: string, env: Environment): string | undefined {
  const url = new URL(server)
  try {
    if (proxyFromEnvironment(url, env) === undefined) return undefined
  } catch (error) {
    // One that cannot be used does not lead there either.
    if (!(error instanceof KnestError)) throw error
  }
  return hostOf(url)
}

/** The variables by which the server of a kubeconfig is reached without a proxy; those of others stay. */
export function withoutProxy(kubeconfig: string, env: Environment): Environment {
  const { server } = (readAddition(kubeconfig).clusters.cluster ?? {}) as { readonly server?: string }
  const host = server === undefined ? undefined : proxiedHost(server, env)
  if (host === undefined) return {}
  const list = [env.NO_PROXY, env.no_proxy].find((value) => (value ?? '') !== '')
  const completed = list === undefined ? host : `${list},${host}`
  return { NO_PROXY: completed, no_proxy: completed }
}
