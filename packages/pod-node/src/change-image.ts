import { KnestError, labels } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, NodeSpec } from '@knest/core'
import { containerName, podName } from './manifest.js'
import { podState } from './pod-state.js'
import { PullPatience, stuckHint } from './pod-waits.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const timeoutMs = 300_000

interface PodView {
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image: string }[] }
  readonly status?: {
    readonly containerStatuses?: readonly { readonly name: string; readonly containerID?: string }[]
  }
}

/**
 * Gives the pod of a node another image: the one thing of a running pod's container that may change. The host
 * restarts the container in the same pod, which keeps disk, address and network. Resolves when it runs again;
 * without a pod, or with this image already, there is nothing to do. Rejects with `prerequisite` when the
 * host does not have the image.
 */
export async function changeImage(
  api: KubeApi,
  { cluster: { namespace }, name }: NodeSpec,
  image: string,
  signal: AbortSignal,
): Promise<void> {
  const pod = await api.get(podKind, podName(name), namespace, signal)
  if (pod === undefined || isGoing(pod) || imageOfPod(pod) === image) return
  const before = containerId(pod)
  const container = { name: containerName, image }
  const metadata = { name: podName(name), namespace }
  await api.apply({ ...podKind, metadata, spec: { containers: [container] } }, { signal })
  // What is said of the image before does not count: the host tries this one only now.
  const past = `"${imageOfPod(pod) ?? ''}"`
  const isStuck = (seen: KubeObject): boolean => {
    const { hopeless, reason = '' } = podState(seen)
    return hopeless && !reason.includes(past)
  }
  const isOther = (seen: KubeObject): boolean =>
    podState(seen).phase === 'running' && containerId(seen) !== before
  const patience = new PullPatience()
  const wait = api.waitFor(
    podKind,
    { namespace, labelSelector: `${labels.node}=${name}` },
    (found) => {
      patience.see(found.filter((seen) => !(podState(seen).reason ?? '').includes(past)))
      return found.some((seen) => isOther(seen) || isStuck(seen))
    },
    {
      timeoutMs,
      signal: patience.signalWithin(signal),
      awaited: `pod "${podName(name)}" in namespace "${namespace}" to run its new image`,
      describe: (seen) =>
        seen.map((each) => podState(each).reason ?? 'still runs the old one').join(', ') || 'no pod',
    },
  )
  const pods = await Promise.race([wait, patience.over]).finally(() => {
    patience.end()
  })
  wait.catch(() => undefined)
  const found = pods.find((seen) => isStuck(seen) || podState(seen).pull !== undefined)
  if (found === undefined) return
  throw new KnestError(
    'prerequisite',
    `node "${name}" cannot run image "${image}": ${podState(found).reason ?? 'unknown reason'}`,
    { hint: stuckHint(found, namespace) },
  )
}

function isGoing(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

/** The image that its container shall run. */
export function imageOfPod(pod: KubeObject): string | undefined {
  return (pod as unknown as PodView).spec?.containers?.find(({ name }) => name === containerName)?.image
}

function containerId(pod: KubeObject): string | undefined {
  const { status } = pod as unknown as PodView
  return status?.containerStatuses?.find(({ name }) => name === containerName)?.containerID
}
