import { anySignal, KnestError, kubectlCommand } from '@knest/core'
import type { KindRef, KubeApi, KubeObject, NodeSpec } from '@knest/core'
import { dataVolumeKind, vmiKind, vmKind } from './kubevirt.js'
import { rootDisk } from './names.js'
import { isHopeless, startFailures, waitingFor, whyNotRunning } from './vm-state.js'

const eventKind: KindRef = { apiVersion: 'v1', kind: 'Event' }

export interface VmWait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** The VM's disk is a DataVolume: its progress is worth knowing. */
  readonly dataVolume: boolean
  /** Told, once each, what keeps it waiting that others do not wait for. */
  readonly note?: ((text: string) => void) | undefined
}

/**
 * Resolves when the VM runs, has an address and its SSH server answers. Rejects at once when waiting longer
 * cannot help, and tells the reason the host knows of, which is not always where KubeVirt shows its status.
 */
export async function waitForVm(api: KubeApi, spec: NodeSpec, wait: VmWait): Promise<void> {
  const ended = new AbortController()
  const signal = anySignal(wait.signal, ended.signal)
  const { namespace } = spec.cluster
  const byName = (name: string): { namespace: string; fieldSelector: string } => ({
    namespace,
    fieldSelector: `metadata.name=${name}`,
  })
  let vm: KubeObject | undefined
  let vmi: KubeObject | undefined
  let disk: KubeObject | undefined
  let warning: string | undefined
  let failuresBefore: number | undefined
  const describe = (): string =>
    [diskProgress(disk), whyNotRunning(vm, vmi), warning].filter(Boolean).join('; ') || 'nothing'
  const told = new Set<string>()
  const tell = (): void => {
    const text = waitingFor(vm, vmi)
    if (text === undefined || told.has(text)) return
    told.add(text)
    wait.note?.(`VM "${spec.name}" waits: ${text}`)
  }
  const options = {
    timeoutMs: wait.timeoutMs,
    signal,
    awaited: `VM "${spec.name}" in namespace "${namespace}" to run and take SSH connections`,
    describe,
  }
  const running = api.waitFor(
    vmiKind,
    byName(spec.name),
    ([seen]) => {
      vmi = seen
      tell()
      return vmi !== undefined && whyNotRunning(vm, vmi) === undefined
    },
    options,
  )
  const hopeless = api
    .waitFor(
      vmKind,
      byName(spec.name),
      ([seen]) => {
        vm = seen
        failuresBefore ??= startFailures(vm)
        tell()
        return isHopeless(vm, failuresBefore)
      },
      options,
    )
    .then(() => {
      throw cannotStart(spec, describe())
    })
  const since = Date.now()
  // These two only look on: a host that does not let us see events still runs the VM.
  const onlookers = [
    api.waitFor(
      eventKind,
      { namespace, fieldSelector: 'type=Warning' },
      (events) => {
        warning = lastWarning(events, spec.name, since) ?? warning
        return false
      },
      options,
    ),
    ...(wait.dataVolume
      ? [
          api.waitFor(
            dataVolumeKind,
            byName(rootDisk(spec.name)),
            ([seen]) => {
              disk = seen
              return false
            },
            options,
          ),
        ]
      : []),
  ].map((watching) => watching.catch(() => undefined))
  try {
    await Promise.race([running, hopeless])
  } finally {
    ended.abort()
    await Promise.allSettled([running, hopeless, ...onlookers])
  }
}

interface EventView {
  readonly involvedObject?: { readonly kind?: string; readonly name?: string }
  readonly reason?: string
  readonly message?: string
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
}

/** A missing Secret or volume shows in no status, only in an event of the launcher pod. */
function lastWarning(events: readonly KubeObject[], node: string, since: number): string | undefined {
  const own = events
    .map((event) => event as unknown as EventView)
    .filter(({ involvedObject }) => {
      const name = involvedObject?.name ?? ''
      return name === node || name === rootDisk(node) || isLauncherOf(node, name)
    })
    .map((event) => ({ ...event, at: Date.parse(event.lastTimestamp ?? event.eventTime ?? '') }))
    .filter(({ at }) => at >= since - 1000)
    .sort((a, b) => a.at - b.at)
  const last = own.at(-1)
  // A readiness probe that fails while the VM boots is how it should be.
  if (last === undefined || last.reason === 'Unhealthy') return undefined
  return `${last.reason ?? 'Warning'}: ${(last.message ?? '').trim()}`
}

function isLauncherOf(node: string, pod: string): boolean {
  // `virt-launcher-NODE-` and five letters: not the launcher of a node whose name begins with this one's.
  return new RegExp(`^virt-launcher-${node}-[a-z0-9]{5}$`).test(pod)
}

function diskProgress(disk: KubeObject | undefined): string | undefined {
  const status = disk?.status as { phase?: string; progress?: string } | undefined
  if (disk === undefined || status?.phase === 'Succeeded') return undefined
  return `disk is ${[status?.phase ?? 'Pending', status?.progress].filter(Boolean).join(' ')}`
}

function cannotStart({ name, cluster }: NodeSpec, reason: string): KnestError {
  return new KnestError('prerequisite', `node "${name}" cannot start: ${reason}`, {
    hint: `see: ${kubectlCommand('describe', 'vmi', '-n', cluster.namespace, name)}; the VM image must be where the host can pull it (--vm-image)`,
  })
}
