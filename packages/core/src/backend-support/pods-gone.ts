import type { KindRef, KubeApi, KubeObject, ListOptions, WaitOptions } from '../contracts/kubernetes.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }

interface PodView {
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly spec?: { readonly volumes?: readonly { readonly persistentVolumeClaim?: object }[] }
  readonly status?: {
    readonly phase?: string
    readonly containerStatuses?: readonly { readonly state?: { readonly terminated?: object } }[]
  }
}

/**
 * Waits until pods that were deleted are gone. One whose containers have all ended is let go at once: its kubelet
 * would do that at its next look at them, once a second (`genericPlegRelistPeriod` in Kubernetes). `isMeant`: only
 * these; what has their place by now is left alone.
 */
export async function awaitPodsGone(
  api: KubeApi,
  selector: Omit<ListOptions, 'signal'>,
  options: WaitOptions<readonly KubeObject[]>,
  isMeant: (pod: KubeObject) => boolean = () => true,
): Promise<void> {
  const isOver = (pods: readonly KubeObject[]): boolean => pods.filter(isMeant).every(hasEnded)
  const ended = await api.waitFor(podKind, selector, isOver, options)
  await Promise.all(
    ended.filter(isMeant).map(({ metadata: { name, namespace, uid } }) =>
      api.delete(podKind, name, namespace, {
        signal: options.signal,
        gracePeriodSeconds: 0,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      }),
    ),
  )
}

/**
 * A kubelet gives a deleted pod its last phase when nothing of it runs (Kubernetes 1.27 and later). The volume of
 * a claim is still mounted then, so such a pod goes when its kubelet says so.
 */
function hasEnded(pod: KubeObject): boolean {
  const { metadata, spec, status } = pod as unknown as PodView
  const containers = status?.containerStatuses ?? []
  return (
    metadata.deletionTimestamp !== undefined &&
    (status?.phase === 'Succeeded' || status?.phase === 'Failed') &&
    containers.length > 0 &&
    containers.every(({ state }) => state?.terminated !== undefined) &&
    (spec?.volumes ?? []).every(({ persistentVolumeClaim }) => persistentVolumeClaim === undefined)
  )
}
