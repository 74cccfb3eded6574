import type { Dial } from '../contracts/kube-connection.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import type { Endpoint } from './endpoints.js'
import type { PortSource } from './port-source.js'

/** A client waits so long where a pod was replaced and the next one is not ready yet. */
const nextPodMs = 10_000

/** Waits until a pod serves the port. Gives all that do. */
export async function awaitEndpoints(
  api: Pick<KubeApi, 'waitFor'>,
  namespace: string,
  source: PortSource,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly Endpoint[]> {
  const { kind, labelSelector, fieldSelector, awaited } = source
  const describe = (seen: readonly KubeObject[]): string =>
    seen.length === 0 ? `no ${kind.kind}` : `${seen.length} of kind ${kind.kind}, none with a ready pod`
  const found = await api.waitFor(
    kind,
    { namespace, labelSelector, fieldSelector },
    (objects) => source.endpoints(objects).length > 0,
    { timeoutMs, signal, awaited, describe },
  )
  return source.endpoints(found)
}

/** Connects to the pod that served last, and to another one where that is gone or does not answer. */
export function dialPods(
  openApi: (signal: AbortSignal) => Promise<Pick<KubeApi, 'waitFor' | 'forward'>>,
  namespace: string,
  source: PortSource,
): Dial {
  let last: string | undefined
  return async (signal) => {
    const api = await openApi(signal)
    const endpoints = await awaitEndpoints(api, namespace, source, { timeoutMs: nextPodMs, signal })
    const isLast = ({ pod }: Endpoint): boolean => pod === last
    let failure: unknown
    for (const { namespace: of, pod, port } of [
      ...endpoints.filter(isLast),
      ...endpoints.filter((each) => !isLast(each)),
    ]) {
      try {
        const stream = await api.forward({ namespace: of, name: pod }, port, signal)
        last = pod
        return stream
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof KnestError)) throw error
        failure = error
      }
    }
    throw failure
  }
}
