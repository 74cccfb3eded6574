import { KnestError, kubectlCommand } from '@knest/core'
import type { ClusterRef, KindRef, KubeApi, KubeObject } from '@knest/core'

const eventKind: KindRef = { apiVersion: 'v1', kind: 'Event' }
/** Longer than the wait for the pod, which says more when it ends. */
const timeoutMs = 310_000

/** So often a policy must have said the same: the host tries some ten times within the first second. */
const policyTimes = 3
/** For so long a refusal must last that something else on the host may end, such as a full quota. */
const lastingMs = 20_000

/** What goes by itself: it is awaited for as long as the pod is. */
const passing = [
  // Somebody else wrote the quota's usage at the same time.
  /Operation cannot be fulfilled on|the object has been modified/i,
  // A namespace's account, or the quota that its class asks for, is made a moment after it.
  /serviceaccount "[^"]*" not found|error looking up service account|no API token found/i,
  /status unknown for quota|insufficient quota to match these scopes/i,
  /failed calling webhook|context deadline exceeded|connection refused|no endpoints available|i\/o timeout/i,
  /etcdserver:|leader changed|too many requests|try again later|server is currently unable/i,
]
/** What stays until somebody changes a policy. */
const policy =
  /violates PodSecurity|unable to validate against any security context constraint|denied the request|is forbidden: .*polic/i

export type Refusal = 'passing' | 'policy' | 'other'

/** What the host's words about a pod that it did not make mean. Pure. */
export function refusalOf(message: string): Refusal {
  if (passing.some((pattern) => pattern.test(message))) return 'passing'
  return policy.test(message) ? 'policy' : 'other'
}

interface SeenEvent {
  readonly message: string
  readonly count: number
  readonly last: number
}

/**
 * Rejects when the host refuses the pod (admission, quota) for good, which it says only in events of the
 * StatefulSet: when a policy has repeated itself, and when any other refusal lasts. Tells each new refusal.
 */
export async function refused(
  api: KubeApi,
  { namespace }: ClusterRef,
  node: string,
  onRefusal: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const since = Date.now()
  let told = ''
  let final: SeenEvent | undefined
  await api.waitFor(
    eventKind,
    {
      namespace,
      fieldSelector: `involvedObject.kind=StatefulSet,involvedObject.name=${node},reason=FailedCreate`,
    },
    (found) => {
      const recent = found.map(seenEvent).filter(({ last }) => last >= since - 1000)
      const latest = recent.sort((a, b) => b.last - a.last)[0]
      if (latest !== undefined && latest.message !== told) onRefusal((told = latest.message))
      final = recent.find((event) => isFinal(event, since))
      return final !== undefined
    },
    { timeoutMs, signal, awaited: 'a refusal', describe: () => 'none' },
  )
  if (final !== undefined) throw refusal(final.message, namespace, node)
}

/** Whether waiting longer cannot help. */
function isFinal({ message, count, last }: SeenEvent, since: number): boolean {
  const kind = refusalOf(message)
  if (kind === 'passing') return false
  return kind === 'policy' ? count >= policyTimes : count > 1 && last - since >= lastingMs
}

function seenEvent(event: KubeObject): SeenEvent {
  const { count, lastTimestamp, message } = event as KubeObject & { readonly count?: number }
  return { message: String(message ?? ''), count: count ?? 1, last: Date.parse(String(lastTimestamp ?? '')) }
}

function refusal(message: string, namespace: string, node: string): KnestError {
  const said = `the host refuses the pod of node "${node}": ${message}`
  if (refusalOf(message) === 'policy')
    return new KnestError('not-permitted', said, {
      hint: `allow privileged pods in namespace "${namespace}" (label pod-security.kubernetes.io/enforce=privileged, or an exception in the admission policy)`,
    })
  return new KnestError('prerequisite', said, {
    hint: /quota/i.test(message)
      ? `raise the quota of namespace "${namespace}", or make fewer or smaller nodes`
      : `see: ${kubectlCommand('describe', '-n', namespace, 'statefulset', node)}`,
  })
}
