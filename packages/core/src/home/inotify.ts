import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { execText } from '../streams/index.js'
import { anySignal } from '../signals.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }

/** kind's advice for several nodes on one machine (its known issues, "too many open files"). */
const wanted = { max_user_instances: 512, max_user_watches: 524_288 } as const

/**
 * The limits are the host nodes' kernel's and the API does not tell them: read in a pod of the network
 * plugin, which has a shell on most hosts. A host that cannot be asked is no problem: the node's init
 * raises the limits where it may.
 */
export async function inotifyProblems(api: KubeApi, signal: AbortSignal): Promise<readonly Problem[]> {
  const bounded = anySignal(signal, AbortSignal.timeout(5_000))
  try {
    const pods = await api.list(podKind, { labelSelector: 'app in (flannel, kindnet)', signal: bounded })
    const running = pods.find((pod) => (pod.status as { phase?: string } | undefined)?.phase === 'Running')
    return running === undefined ? [] : await readLimits(api, running, bounded)
  } catch {
    signal.throwIfAborted()
    return []
  }
}

async function readLimits(api: KubeApi, pod: KubeObject, signal: AbortSignal): Promise<readonly Problem[]> {
  const names = Object.keys(wanted) as (keyof typeof wanted)[]
  const target = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }
  const files = names.map((name) => `/proc/sys/fs/inotify/${name}`)
  const { exitCode, stdout } = await execText(api, target, ['cat', ...files], { timeoutMs: 5_000, signal })
  if (exitCode !== 0) return []
  const values = stdout.trim().split(/\s+/).map(Number)
  return names.flatMap((name, index) => limitProblem(name, values[index]))
}

function limitProblem(name: keyof typeof wanted, value: number | undefined): readonly Problem[] {
  if (value === undefined || !Number.isFinite(value) || value >= wanted[name]) return []
  return [
    {
      reason: 'InotifyLimit',
      severity: 'warning',
      message: `fs.inotify.${name} of the host is ${value}; several nodes need ${wanted[name]}, or they fail with "too many open files"`,
      hint: `on the host's nodes: sysctl -w fs.inotify.${name}=${wanted[name]}`,
    },
  ]
}
