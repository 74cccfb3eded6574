import type { ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { Progress } from '../contracts/progress.js'
import { apiTargets } from '../nested-api/api-targets.js'
import { firstReachable, lacksHosts } from '../nested-api/reachable.js'
import type { Step } from '../plan/step.js'
import { pause } from '../signals.js'

/** How long a host's proxy may take to follow a Service that has new endpoints. */
const settleMs = 8_000
const lookMs = 1_000

interface Patience {
  readonly progress: Pick<Progress, 'note'>
  readonly signal: AbortSignal
  readonly timeoutMs?: number
  readonly reach?: typeof firstReachable
}

/**
 * Waits until the API server answers where the kubeconfig says, so that the next command of the user finds it. Costs
 * one connection where it does already. One that this machine never reaches is no failure: that is told, and the
 * cluster goes by way of the host.
 */
export async function awaitReachable(
  home: Pick<ClusterHome, 'readAuthorities' | 'apiUrls'>,
  record: ClusterRecord,
  { progress, signal, timeoutMs = settleMs, reach = firstReachable }: Patience,
): Promise<void> {
  if (record.spec.endpoint.serviceType === 'ClusterIP') return
  const authorities = await home.readAuthorities(record, signal)
  if (authorities === undefined) return
  const deadline = Date.now() + timeoutMs
  for (let tries = 0; ; tries++) {
    const urls = await home.apiUrls(record, signal)
    const [first] = urls
    if (first === undefined) return
    if ((await reach(apiTargets(record, authorities.ca.cert, urls), signal)) !== undefined) return
    signal.throwIfAborted()
    if (Date.now() >= deadline) {
      progress.note(`the API server does not answer this machine at ${first}`)
      return
    }
    if (tries === 0) progress.note(`waiting for the API server to answer at ${first}`)
    await pause(250, signal)
  }
}

/** Whether the API answers this machine, with a certificate that lacks an address it is reached at. */
export async function isMisnamed(
  home: Pick<ClusterHome, 'readAuthorities' | 'apiUrls'>,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<boolean> {
  if (record.spec.endpoint.serviceType === 'ClusterIP') return false
  const [authorities, urls] = await Promise.all([
    home.readAuthorities(record, signal),
    home.apiUrls(record, signal),
  ])
  if (authorities === undefined) return false
  const targets = apiTargets(record, authorities.ca.cert, urls)
  const reached = await firstReachable(targets, signal, lookMs)
  return reached !== undefined && lacksHosts(reached, targets)
}

/** Whether the host's Service has, or had for a moment, other control planes behind it after these steps. */
export function changesEndpoints(steps: readonly Step[]): boolean {
  return steps.some((step) => {
    switch (step.kind) {
      case 'boot-control-plane':
      case 'finish-control-plane':
      case 'join-control-plane':
      case 'renew-certificates':
        return true
      case 'ensure-node':
      case 'upgrade-node':
        return step.node.role === 'control-plane'
      case 'remove-node':
        return step.role === 'control-plane'
      default:
        return false
    }
  })
}
