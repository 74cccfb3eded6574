import { KnestError } from '@knest/core'
import type { KindRef, KubeObject } from '@knest/core'
import type { Host } from './host.js'
import { kinds } from './host-kinds.js'
import { hostNodeOf, isLauncher, statusOf } from './pod-views.js'
import type { Change, Writer } from './store.js'

const virtController: Writer = { name: 'virt-controller', isKnest: false }
const createdBy = 'kubevirt.io/created-by'
const vmOf = 'vm.kubevirt.io/name'
const machineFinalizer = 'kubevirt.io/virtualMachineControllerFinalize'
const instanceFinalizers = [machineFinalizer, 'kubevirt.io/foregroundDeleteVirtualMachine']

/** The image in which a VM that boots from a claim runs. */
export const launcherImage = 'quay.io/kubevirt/virt-launcher:v1.8.4'

/** Of the end of a pod's name. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'

interface Instance {
  readonly phase?: string
  readonly phaseTransitionTimestamps?: readonly object[]
}

/**
 * KubeVirt's controllers on the simulated host: a VirtualMachine gets an instance as long as its runStrategy says so,
 * an instance its launcher pod, and both tell how it goes. Phases and conditions are those of KubeVirt 1.8.
 */
export class KubeVirt {
  /** Nobody works on VMs; those that run go on. */
  #isAway = false
  readonly #host: Host
  readonly #due = new Set<string>()

  constructor(host: Host) {
    this.#host = host
    host.store.onChange((change) => this.#react(change))
  }

  get isAway(): boolean {
    return this.#isAway
  }

  takeAway(): void {
    this.#isAway = true
  }

  bringBack(): void {
    this.#isAway = false
    for (const kind of [kinds.vm, kinds.vmi])
      for (const { metadata } of this.#host.store.list(kind)) this.#plan(metadata.namespace, metadata.name)
  }

  #react({ after }: Change): void {
    const { kind, metadata } = after
    if (kind === kinds.vm.kind || kind === kinds.vmi.kind) this.#plan(metadata.namespace, metadata.name)
    else if (kind === kinds.pod.kind && isLauncher(after))
      this.#plan(metadata.namespace, metadata.labels?.[vmOf])
    else if (kind === kinds.claim.kind || kind === kinds.dataVolume.kind)
      this.#plan(metadata.namespace, metadata.name.replace(/-root$/, ''))
  }

  #plan(namespace = '', name = '', low = 50, high = 800): void {
    const key = `${namespace}/${name}`
    if (this.#due.has(key)) return
    this.#due.add(key)
    const look = (): void => {
      this.#due.delete(key)
      if (this.#isAway) return
      try {
        this.#lookAt(namespace, name)
      } catch (error) {
        if (!(error instanceof KnestError)) throw error
        this.#plan(namespace, name, 2_000, 5_000)
      }
    }
    this.#host.soon(look, low, high)
  }

  #lookAt(namespace: string, name: string): void {
    const { store } = this.#host
    const instance = store.get(kinds.vmi, name, namespace)
    if (instance !== undefined) this.#syncInstance(instance)
    const machine = store.get(kinds.vm, name, namespace)
    if (machine !== undefined) this.#syncMachine(machine, store.get(kinds.vmi, name, namespace))
  }

  #syncMachine(vm: KubeObject, vmi: KubeObject | undefined): void {
    const { store } = this.#host
    const { name, namespace = '' } = vm.metadata
    const { runStrategy } = vm.spec as { readonly runStrategy?: string }
    if (isGoing(vm)) {
      if (vmi === undefined) this.#patch(kinds.vm, vm, { metadata: { finalizers: null } })
      else {
        if (!isGoing(vmi)) store.delete(this.#host.causeOf(vm), kinds.vmi, name, namespace)
        this.#tell(kinds.vm, vm, { printableStatus: 'Terminating' })
      }
      return
    }
    if (vm.metadata.finalizers === undefined)
      this.#patch(kinds.vm, vm, { metadata: { finalizers: [machineFinalizer] } })
    const shallRun = runStrategy !== 'Halted'
    this.#tell(kinds.vm, vm, statusOfMachine(vmi, this.#troubleOf(vmi)))
    if (vmi === undefined && shallRun) {
      // A moment later, as after an end: first it is seen as Stopped.
      this.#host.soon(() => this.#makeInstance(name, namespace), 500, 4_000)
    } else if (vmi !== undefined && !isGoing(vmi) && (!shallRun || hasEnded(vmi)))
      store.delete(virtController, kinds.vmi, name, namespace)
  }

  #makeInstance(name: string, namespace: string): void {
    const { store } = this.#host
    const vm = store.get(kinds.vm, name, namespace)
    const isThere = store.get(kinds.vmi, name, namespace) !== undefined
    if (this.#isAway || vm === undefined || isGoing(vm) || isThere) return
    if ((vm.spec as { readonly runStrategy?: string }).runStrategy === 'Halted') return
    const { template } = vm.spec as {
      readonly template: { readonly metadata: object; readonly spec: object }
    }
    const ownerReferences = [{ ...kinds.vm, name, uid: vm.metadata.uid ?? '', controller: true }]
    const metadata = {
      ...template.metadata,
      name,
      namespace,
      ownerReferences,
      finalizers: instanceFinalizers,
    }
    try {
      store.create(virtController, { ...kinds.vmi, metadata, spec: template.spec })
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      this.#plan(namespace, name, 2_000, 5_000)
    }
  }

  #syncInstance(vmi: KubeObject): void {
    const { store } = this.#host
    const { phase } = (vmi.status ?? {}) as Instance
    const pod = this.#launcherOf(vmi)
    if (isGoing(vmi)) {
      if (pod === undefined) this.#patch(kinds.vmi, vmi, { metadata: { finalizers: null } })
      else if (!isGoing(pod))
        store.delete(this.#host.causeOf(vmi), kinds.pod, pod.metadata.name, pod.metadata.namespace)
      return
    }
    if (hasEnded(vmi)) return
    if (pod === undefined) {
      // Its guest was shut down with the pod.
      if (phase !== undefined && phase !== 'Pending') this.#tellPhase(vmi, 'Succeeded')
      else {
        this.#tellPhase(vmi, 'Pending')
        if (this.#claimTrouble(vmi) === undefined) this.#makeLauncher(vmi)
      }
      return
    }
    const { phase: podPhase, podIP, containerStatuses } = statusOf(pod)
    if (podPhase === 'Failed' || podPhase === 'Succeeded') {
      this.#tellPhase(vmi, podPhase)
      return
    }
    if (podPhase !== 'Running') {
      this.#tellPhase(vmi, 'Scheduling', troubleOfPod(pod))
      return
    }
    const isReady = containerStatuses?.[0]?.ready === true
    const ready = {
      type: 'Ready',
      status: isReady ? 'True' : 'False',
      ...(!isReady && { reason: 'ContainersNotReady' }),
    }
    const interfaces = [{ name: 'pod', ipAddress: podIP }]
    this.#tellPhase(vmi, 'Running', { nodeName: hostNodeOf(pod), interfaces, conditions: [ready] })
  }

  #makeLauncher({
    metadata: { name, namespace = '', uid = '', labels, annotations },
    spec,
  }: KubeObject): void {
    const { random, store } = this.#host
    const suffix = Array.from({ length: 5 }, () =>
      letters.charAt(random.between(0, letters.length - 1)),
    ).join('')
    const { volumes = [] } = spec as { readonly volumes?: readonly VolumeView[] }
    const disk = volumes.map(({ containerDisk }) => containerDisk?.image).find((image) => image !== undefined)
    const claim = claimNamed(volumes)
    const own = { 'kubevirt.io': 'virt-launcher', [createdBy]: uid, [vmOf]: name }
    store.create(virtController, {
      ...kinds.pod,
      metadata: {
        name: `virt-launcher-${name}-${suffix}`,
        namespace,
        labels: { ...labels, ...own },
        ...(annotations === undefined ? {} : { annotations }),
        ownerReferences: [{ ...kinds.vmi, name, uid, controller: true }],
      },
      spec: {
        containers: [{ name: 'compute', image: disk ?? launcherImage }],
        volumes: claim === undefined ? [] : [{ name: 'root', persistentVolumeClaim: { claimName: claim } }],
      },
    })
  }

  #launcherOf({ metadata: { namespace = '', uid = '' } }: KubeObject): KubeObject | undefined {
    return this.#host.store.list(kinds.pod, { namespace, labelSelector: `${createdBy}=${uid}` })[0]
  }

  /** What its disk lacks, as the VM's status calls it. */
  #claimTrouble({ metadata: { namespace }, spec }: KubeObject): string | undefined {
    const { volumes = [] } = spec as { readonly volumes?: readonly VolumeView[] }
    const name = claimNamed(volumes)
    if (name === undefined) return undefined
    const { store } = this.#host
    const claim = store.get(kinds.claim, name, namespace)
    const isOfCdi = volumes.some(({ dataVolume }) => dataVolume !== undefined)
    const volume = isOfCdi ? store.get(kinds.dataVolume, name, namespace) : undefined
    if (isOfCdi && volume === undefined && claim === undefined) return 'ErrorDataVolumeNotFound'
    if (claim === undefined) return isOfCdi ? 'Provisioning' : 'ErrorPvcNotFound'
    if (isGoing(claim)) return 'Provisioning'
    const { phase } = (volume?.status ?? {}) as { readonly phase?: string }
    return volume === undefined || phase === 'Succeeded' ? undefined : 'Provisioning'
  }

  #troubleOf(vmi: KubeObject | undefined): string | undefined {
    if (vmi === undefined) return undefined
    const pod = this.#launcherOf(vmi)
    return pod === undefined
      ? this.#claimTrouble(vmi)
      : statusOf(pod).containerStatuses?.[0]?.state?.waiting?.reason
  }

  #tellPhase(
    vmi: KubeObject,
    phase: 'Pending' | 'Scheduling' | 'Running' | 'Succeeded' | 'Failed',
    more = {},
  ): void {
    const before = (vmi.status ?? {}) as Instance
    const at = { phase, phaseTransitionTimestamp: new Date(this.#host.clock.now).toISOString() }
    const seen = before.phaseTransitionTimestamps ?? []
    const phaseTransitionTimestamps = before.phase === phase ? seen : [...seen, at]
    this.#tell(kinds.vmi, vmi, { conditions: [], ...more, phase, phaseTransitionTimestamps })
  }

  #tell(kind: KindRef, { metadata: { name, namespace } }: KubeObject, status: object): void {
    this.#host.store.patch(virtController, kind, name, namespace, { status }, 'status')
  }

  #patch(kind: KindRef, { metadata: { name, namespace } }: KubeObject, patch: object): void {
    this.#host.store.patch(virtController, kind, name, namespace, patch)
  }
}

interface VolumeView {
  readonly containerDisk?: { readonly image: string }
  readonly dataVolume?: { readonly name: string }
  readonly persistentVolumeClaim?: { readonly claimName: string }
}

function claimNamed(volumes: readonly VolumeView[]): string | undefined {
  return volumes
    .map(({ dataVolume, persistentVolumeClaim }) => dataVolume?.name ?? persistentVolumeClaim?.claimName)
    .find((name) => name !== undefined)
}

function isGoing({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined
}

function hasEnded({ status }: KubeObject): boolean {
  return ['Succeeded', 'Failed'].includes(((status ?? {}) as Instance).phase ?? '')
}

function troubleOfPod(pod: KubeObject): object {
  const { reason, message = '' } = statusOf(pod).containerStatuses?.[0]?.state?.waiting ?? {}
  if (reason === undefined) return {}
  return { conditions: [{ type: 'Synchronized', status: 'False', reason, message }] }
}

function statusOfMachine(vmi: KubeObject | undefined, trouble: string | undefined): object {
  const { phase, conditions } = (vmi?.status ?? {}) as {
    readonly phase?: string
    readonly conditions?: unknown
  }
  const stopped = vmi === undefined || hasEnded(vmi)
  const printable = stopped
    ? 'Stopped'
    : isGoing(vmi)
      ? 'Stopping'
      : phase === 'Running'
        ? 'Running'
        : (trouble ?? 'Starting')
  return { printableStatus: printable, conditions: conditions ?? [] }
}

/** KubeVirt itself, as far as knest asks for it. */
export function kubeVirtObjects(): readonly KubeObject[] {
  return [
    { ...kinds.namespace, metadata: { name: 'kubevirt' } },
    {
      apiVersion: 'kubevirt.io/v1',
      kind: 'KubeVirt',
      metadata: { name: 'kubevirt', namespace: 'kubevirt' },
      spec: {},
      status: { phase: 'Deployed' },
    },
  ]
}
