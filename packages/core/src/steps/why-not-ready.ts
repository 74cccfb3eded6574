import { clusterCommand } from '../commands.js'
import type { KubeApi } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { etcdHealth } from '../etcd/index.js'
import { askSystemTroubles } from '../nested-api/system-troubles.js'
import { anySignal } from '../signals.js'
import type { StepContext } from './context.js'

/** Longer than nodes take that lack nothing: of these nothing more is asked. */
const patienceMs = 25_000

export type FindFault = (signal: AbortSignal) => Promise<KnestError | undefined>

interface Causes {
  /** Of the wait; ended with the fault that was found. */
  readonly signal: AbortSignal
  /** What keeps pods of the cluster itself from running, as of the last look. */
  readonly seen: () => readonly string[]
  readonly close: () => void
}

/** Looks now and then why nodes are not Ready, while somebody waits for long. */
export function lookForCauses(api: KubeApi, fault: FindFault | undefined, signal: AbortSignal): Causes {
  const ended = new AbortController()
  let seen: readonly string[] = []
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const isOver = (): boolean => isClosed || signal.aborted
  const start = (): void => {
    timer = setTimeout(() => void look(), patienceMs)
    timer.unref()
  }
  const look = async (): Promise<void> => {
    const bounded = anySignal(signal, AbortSignal.timeout(patienceMs))
    const found = await fault?.(bounded).catch(() => undefined)
    if (found !== undefined && !isOver()) {
      ended.abort(found)
      return
    }
    const troubles = await askSystemTroubles(api, bounded).catch(() => undefined)
    seen = troubles?.map(({ message }) => message) ?? seen
    if (!isOver()) start()
  }
  start()
  return {
    signal: anySignal(signal, ended.signal),
    seen: () => seen,
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

/** An etcd that is full takes no word of any kubelet. Of a cluster that is new nobody is asked. */
export async function etcdFault(context: StepContext, signal: AbortSignal): Promise<KnestError | undefined> {
  const { record, existingControlPlanes } = context
  const opened = await Promise.allSettled(existingControlPlanes.map((name) => context.openNode(name, signal)))
  const nodes = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const { members } = await etcdHealth(nodes, signal)
  if (!members.some(({ alarms }) => alarms?.includes('NOSPACE') === true)) return undefined
  const heal = clusterCommand('heal', record)
  return new KnestError(
    'prerequisite',
    `etcd of cluster "${record.name}" is full (NOSPACE), and takes no word of any kubelet`,
    { hint: `delete what fills it, give the room back with ${heal}, then run the command again` },
  )
}
