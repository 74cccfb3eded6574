import type { KubeObject, NodeStatus } from '@knest/core'
import { faultText, findCondition, vmiStatus, vmStatus } from './kubevirt.js'

export interface VmState {
  readonly phase: NodeStatus['phase']
  readonly ip: string | undefined
  readonly hostNode: string | undefined
  readonly startedAt?: string | undefined
  /** Why it does not run, in KubeVirt's words; undefined when it does. */
  readonly reason: string | undefined
  /** Nothing on the host would start it again by itself: its VM is gone, or was switched off. */
  readonly abandoned: boolean
}

/** What the VM and its instance say of a node. It runs when it takes commands, not when it is switched on. */
export function vmState(vm: KubeObject | undefined, vmi: KubeObject | undefined): VmState {
  const status = vmiStatus(vmi)
  const ip = podAddress(vmi)
  const isOff = isSwitchedOff(vm) && (vmi === undefined || vmi.metadata.deletionTimestamp !== undefined)
  const common = { ip, hostNode: status.nodeName, abandoned: vm === undefined || isOff }
  if (vm?.metadata.deletionTimestamp !== undefined || (vm === undefined && vmi !== undefined)) {
    return { ...common, phase: 'deleting', reason: 'VM is being deleted' }
  }
  if (vm === undefined) return { ...common, phase: 'pending', reason: 'only its disk is kept' }
  if (isOff) return { ...common, phase: 'pending', reason: 'its VM was stopped, as by `virtctl stop`' }
  const reason = whyNotRunning(vm, vmi)
  if (reason === undefined) return { ...common, phase: 'running', reason, startedAt: startOf(vmi) }
  return { ...common, phase: status.phase === 'Failed' ? 'failed' : 'pending', reason }
}

/** As `virtctl stop` and older versions of KubeVirt write it. */
function isSwitchedOff(vm: KubeObject | undefined): boolean {
  const { runStrategy, running } = (vm?.spec ?? {}) as {
    readonly runStrategy?: string
    readonly running?: boolean
  }
  return runStrategy === 'Halted' || running === false
}

function startOf(vmi: KubeObject | undefined): string | undefined {
  const running = vmiStatus(vmi).phaseTransitionTimestamps?.find(({ phase }) => phase === 'Running')
  return running?.phaseTransitionTimestamp ?? vmi?.metadata.creationTimestamp
}

/** The address of the pod network; KubeVirt lists the interface before it has one. */
export function podAddress(vmi: KubeObject | undefined): string | undefined {
  const address = vmiStatus(vmi).interfaces?.[0]?.ipAddress
  return address === '' ? undefined : address
}

/** Undefined: it runs, has an address and its SSH server answers. */
export function whyNotRunning(vm: KubeObject | undefined, vmi: KubeObject | undefined): string | undefined {
  const status = vmiStatus(vmi)
  const printable = vmStatus(vm).printableStatus ?? 'not seen by KubeVirt yet'
  if (vmi === undefined || vmi.metadata.deletionTimestamp !== undefined) {
    return [printable, startTrouble(vm)].filter(Boolean).join(': ')
  }
  if (status.phase !== 'Running') {
    const trouble =
      faultText(findCondition(status, 'Synchronized')) ?? faultText(findCondition(status, 'PodScheduled'))
    return [printable, trouble ?? `VMI is ${status.phase ?? 'not scheduled'}`].join(': ')
  }
  if (podAddress(vmi) === undefined) return `${printable}: it has no address yet`
  const ready = findCondition(status, 'Ready')
  return ready?.status === 'True' ? undefined : `${printable}: its SSH server does not answer yet`
}

function startTrouble(vm: KubeObject | undefined): string | undefined {
  const status = vmStatus(vm)
  const failures = status.startFailure?.consecutiveFailCount ?? 0
  const fault =
    faultText(findCondition(status, 'Failure')) ?? faultText(findCondition(status, 'PodScheduled'))
  if (fault !== undefined) return fault
  if (failures === 0) return undefined
  const again = status.startFailure?.retryAfterTimestamp
  const times = failures === 1 ? 'once' : `${failures} times`
  return `its start failed ${times}${again === undefined ? '' : `, KubeVirt starts it again at ${again}`}`
}

/** What keeps a VM waiting that others do not wait for; undefined while it starts as they all do. */
export function waitingFor(vm: KubeObject | undefined, vmi: KubeObject | undefined): string | undefined {
  if (vm === undefined) return undefined
  const { conditions = [] } = vmiStatus(vmi)
  const faults = ['Synchronized', 'PodScheduled'].map((type) =>
    faultText(findCondition({ conditions }, type)),
  )
  const isTrouble = startTrouble(vm) !== undefined || faults.some((fault) => fault !== undefined)
  return isTrouble ? whyNotRunning(vm, vmi) : undefined
}

/** As for pods: tried again by the host, but a VM image is there or it is not. */
const hopelessStatus = new Set(['ErrImagePull', 'ImagePullBackOff', 'DataVolumeError', 'ErrorPvcNotFound'])
/** A start may fail for a moment (a host node that reboots); one that fails so often does not heal. */
const hopelessFailures = 3

/** How often the VM failed to start since it last ran. */
export function startFailures(vm: KubeObject | undefined): number {
  return vmStatus(vm).startFailure?.consecutiveFailCount ?? 0
}

/** Waiting longer will not help; `failuresBefore` were there before somebody cured the cause. */
export function isHopeless(vm: KubeObject | undefined, failuresBefore: number): boolean {
  if (hopelessStatus.has(vmStatus(vm).printableStatus ?? '')) return true
  return startFailures(vm) >= failuresBefore + hopelessFailures
}
