import type { ExecConfig } from '../kubeconfig/model.js'
import type { ClusterInfo, PluginCredentials } from './exec-credential.js'
import { runPlugin } from './exec-plugin.js'

export interface ExecLogin {
  /** Runs the plugin when there is nothing, or nothing that is still valid; all who wait get the same. */
  credentials(): Promise<PluginCredentials>
  /** For credentials that the server refused: runs the plugin, unless there are others already. */
  renew(refused: PluginCredentials): Promise<PluginCredentials>
}

/** A token is renewed this long before its end, or a tenth of its time, if that is less. */
const longestMarginMs = 10_000

const known = new Map<string, ExecLogin>()

/** One login for each plugin, arguments and environment of this process, and for each cluster that it is told about. */
export function execLogin(exec: ExecConfig, cluster: ClusterInfo): ExecLogin {
  const about = exec.provideClusterInfo
    ? [{ ...cluster.entry, extensions: [...cluster.entry.extensions] }, cluster.ca.toString('base64')]
    : []
  const key = JSON.stringify([exec, about])
  const found = known.get(key) ?? openExecLogin(() => runPlugin(exec, cluster))
  known.set(key, found)
  return found
}

export function openExecLogin(
  run: () => Promise<PluginCredentials>,
  now: () => number = Date.now,
): ExecLogin {
  let current: { readonly credentials: PluginCredentials; readonly until: number } | undefined
  let running: Promise<PluginCredentials> | undefined
  const start = (): Promise<PluginCredentials> => {
    running ??= run()
      .then((credentials) => {
        current = { credentials, until: validUntil(credentials, now()) }
        return credentials
      })
      .finally(() => {
        running = undefined
      })
    return running
  }
  return {
    credentials: async () =>
      running ?? (current !== undefined && now() < current.until ? current.credentials : start()),
    renew: async (refused) =>
      running ?? (current !== undefined && current.credentials !== refused ? current.credentials : start()),
  }
}

function validUntil({ expiresAt }: PluginCredentials, now: number): number {
  if (expiresAt === undefined) return Infinity
  return expiresAt - Math.max(0, Math.min(longestMarginMs, (expiresAt - now) / 10))
}
