import type { Deps } from './deps.js'

/** kubectl would not reach the server, though knest does: it asks the proxy for an address that is of this machine. */
export async function warnOfProxy(deps: Deps, server: string, otherwise = ''): Promise<void> {
  const { proxiedHost } = await deps.kubeconfigs()
  const host = proxiedHost(server, deps.env)
  if (host !== undefined)
    deps.messages.warning(
      `kubectl goes to ${server} through the proxy of the environment: add ${host} to NO_PROXY${otherwise}`,
    )
}
