import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { KeptConfiguration } from '../kubeadm/kept-configuration.js'
import { readKeptConfiguration } from '../kubeadm/read-kept.js'
import { openDeadline } from '../signals.js'
import { need } from './context.js'
import type { StepContext } from './context.js'

/** What kubeadm keeps in the cluster, by an API of one's own: steps that come before the API is awaited have none. */
export async function keptInCluster(context: StepContext, signal: AbortSignal): Promise<KeptConfiguration> {
  const api = await openApi(context, signal)
  try {
    return await readKeptConfiguration(api, signal)
  } finally {
    api.close()
  }
}

/** The API of a sole control plane may be what is being changed. */
export async function keptIfKnown(context: StepContext, signal: AbortSignal): Promise<KeptConfiguration> {
  const noAnswer = (): KnestError => new KnestError('timeout', 'the API gave no answer')
  const limit = openDeadline(signal, 10_000, noAnswer)
  try {
    return await keptInCluster(context, limit.signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError) return {}
    throw error
  } finally {
    limit.clear()
  }
}

export async function openApi(context: StepContext, signal: AbortSignal): Promise<KubeApi> {
  const nodes = await Promise.all(
    context.existingControlPlanes.map((name) => context.openNode(name, signal).catch(() => undefined)),
  )
  return context.openNestedApi({
    cluster: context.record.name,
    nodes: nodes.filter((node) => node !== undefined),
    authorities: need(context.authorities, 'the certificate authorities'),
  })
}
