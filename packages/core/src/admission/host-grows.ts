import type { KubeApi } from '../contracts/kubernetes.js'

/** Whether the host says that something adds nodes to it; what cannot be read says nothing. */
export async function hostGrows(api: KubeApi, signal: AbortSignal): Promise<boolean> {
  const [status, groups] = await Promise.all([
    api
      .get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'cluster-autoscaler-status', 'kube-system', signal)
      .catch(() => undefined),
    api.raw('/apis', signal).catch(() => undefined),
  ])
  return (
    status !== undefined ||
    /"(karpenter\.sh|eks\.amazonaws\.com|autoscaling\.x-k8s\.io)"/.test(groups?.body ?? '')
  )
}
