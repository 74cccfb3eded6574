import { labels } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { Disk } from './disk.js'
import { Guests } from './guests.js'
import { claimOf, nodeOf, type Host } from './host.js'
import { kinds } from './host-kinds.js'
import { Machine } from './machine.js'
import { OneOffPods } from './one-off-pods.js'
import { containerOf, hasEnded, hostNodeOf, isLauncher, statusOf } from './pod-views.js'
import type { Change, Writer } from './store.js'

export interface KubeletOptions {
  readonly host: Host
  readonly images: ReadonlySet<string>
  /** The address of a pod, undefined while it must wait for it; absent: the next one. */
  readonly assign?: (pod: KubeObject) => string | undefined
  readonly onStart: (machine: Machine) => void
  readonly onDiskGoing: (disk: Disk, by: Writer) => void
  readonly onDiskGone: (disk: Disk, by: Writer) => void
}

const kubelet: Writer = { name: 'host kubelet', isKnest: false }

/** The host's scheduler and kubelets: pods become machines on disks, and what was becomes of them is told. */
export class Kubelets {
  /** Running machines, by uid of their pod. */
  readonly machines = new Map<string, Machine>()
  /** By uid of the pod, or of its claim. */
  readonly disks = new Map<string, Disk>()
  /** Host nodes that are away. */
  readonly away = new Set<string>()
  /** The VMs in launcher pods. */
  readonly guests: Guests
  readonly #others: OneOffPods
  readonly #options: KubeletOptions
  readonly #host: Host
  #addresses = 10

  constructor(options: KubeletOptions) {
    this.#options = options
    this.#host = options.host
    const report = (pod: KubeObject, container: object, more?: object): void =>
      this.#status(pod, container, more)
    this.#others = new OneOffPods(options.host, { images: options.images, report })
    this.guests = new Guests(options.host, {
      report,
      run: (pod, image, identity) => this.#run(pod, image, identity),
      startAgain: (uid) => this.#start(uid),
      isAway: (pod) => this.away.has(hostNodeOf(pod) ?? ''),
    })
    this.#host.store.onChange((change) => this.#react(change))
  }

  all(): readonly Machine[] {
    return [...this.machines.values()]
  }

  /** The running machine that is this node. */
  of(node: string): Machine | undefined {
    return this.all().find((machine) => machine.node === node)
  }

  hostOf(machine: Machine): string | undefined {
    return hostNodeOf(this.podOf(machine))
  }

  podOf(machine: Machine): KubeObject | undefined {
    return this.#host.store.list(kinds.pod).find(({ metadata }) => metadata.uid === machine.podUid)
  }

  /** Its container ends and is started again on the same disk; that of a VM is not. */
  restart(machine: Machine, afterMs: number): void {
    const pod = this.#withdraw(machine)
    if (pod === undefined) return
    if (isLauncher(pod)) {
      this.guests.end(pod, 'Failed')
      return
    }
    const state = { terminated: { reason: 'Error', exitCode: 137 } }
    this.#status(pod, { ready: false, state })
    this.#host.clock.plan(afterMs, () => this.#start(pod.metadata.uid ?? ''))
  }

  /** A VM that somebody shut down from inside. */
  powerOff(machine: Machine): void {
    const pod = this.#withdraw(machine)
    if (pod !== undefined) this.guests.end(pod, 'Succeeded')
  }

  /** A VM starts again in its pod. */
  reset(machine: Machine): void {
    const pod = this.#withdraw(machine)
    if (pod !== undefined) this.guests.boot(pod)
  }

  #withdraw(machine: Machine): KubeObject | undefined {
    machine.stop()
    this.machines.delete(machine.podUid)
    return this.podOf(machine)
  }

  /** A host node goes away with all that runs on it: nobody there says so. */
  takeAway(hostNode: string): void {
    this.away.add(hostNode)
    for (const machine of this.all()) {
      const pod = this.podOf(machine)
      if (hostNodeOf(pod) !== hostNode) continue
      machine.stop()
      this.machines.delete(machine.podUid)
      if (pod !== undefined) this.#host.clock.plan(40_000, () => this.#unready(pod))
    }
  }

  bringBack(hostNode: string): void {
    this.away.delete(hostNode)
    for (const pod of this.#host.store.list(kinds.pod).filter((one) => hostNodeOf(one) === hostNode)) {
      if (isLauncher(pod)) this.guests.end(pod, 'Failed')
      if (pod.metadata.deletionTimestamp === undefined)
        this.#host.soon(() => this.#start(pod.metadata.uid ?? ''), 2_000, 5_000)
      else this.#host.soon(() => this.#end(pod))
    }
  }

  /** The host's probes. */
  probe(): void {
    for (const machine of this.all()) {
      const pod = this.podOf(machine)
      const works = machine.role === 'control-plane' ? machine.serves() : machine.runsKubelet()
      // KubeVirt asks a VM for its SSH server only.
      const ready = works || (pod !== undefined && isLauncher(pod))
      if (pod !== undefined && statusOf(pod).containerStatuses?.[0]?.ready !== ready)
        this.#status(pod, { ready })
    }
  }

  #react({ before, after, isGone }: Change): void {
    if (after.kind === 'PersistentVolume' && isGone)
      this.#loseDisk(after.metadata.name.replace('pvc-', ''), this.#host.causeOf(after))
    const { uid = '', deletionTimestamp } = after.metadata
    if (deletionTimestamp !== undefined && (after.kind === 'Pod' || after.kind === 'PersistentVolumeClaim')) {
      const disk = this.disks.get(uid)
      if (disk !== undefined) this.#options.onDiskGoing(disk, this.#host.causeOf(after))
    }
    if (after.kind === 'StatefulSet' && isGone) this.#doom(after)
    if (after.kind !== 'Pod') return
    if (nodeOf(after) === '') {
      if (!isGone) this.#others.react({ before, after })
      return
    }
    if (isGone) {
      this.machines.get(uid)?.stop()
      this.machines.delete(uid)
      this.guests.forget(uid)
      this.#loseDisk(uid, this.#host.causeOf(after))
    } else if (deletionTimestamp !== undefined) {
      if (before?.metadata.deletionTimestamp === undefined)
        this.#host.soon(() => this.#end(after), 500, 2_000)
    } else if (before === undefined) this.#host.soon(() => this.#schedule(uid))
    else if (containerOf(before)?.image !== containerOf(after)?.image)
      this.#host.soon(() => this.#change(after), 500, 1_500)
  }

  /** Its pods are collected in a moment, whoever else takes them meanwhile. */
  #doom(owner: KubeObject): void {
    for (const { metadata } of this.#host.store.list(kinds.pod)) {
      const disk = this.disks.get(metadata.uid ?? '')
      const isOwned = metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true
      if (disk !== undefined && isOwned) this.#options.onDiskGoing(disk, this.#host.causeOf(owner))
    }
  }

  #now(uid: string): KubeObject | undefined {
    return this.#host.store.list(kinds.pod).find(({ metadata }) => metadata.uid === uid)
  }

  #schedule(uid: string): void {
    const pod = this.#now(uid)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
    const free = ['h1', 'h2', 'h3'].filter((name) => !this.away.has(name))
    if (free.length === 0) {
      this.#host.clock.plan(5_000, () => this.#schedule(uid))
      return
    }
    const { name, namespace } = pod.metadata
    this.#host.store.patch(kubelet, kinds.pod, name, namespace, {
      spec: { nodeName: this.#host.random.pick(free) },
    })
    this.#host.soon(() => this.#start(uid), 500, 2_000)
  }

  #start(uid: string): void {
    const pod = this.#now(uid)
    const container = containerOf(pod)
    if (pod === undefined || container === undefined || this.machines.has(uid)) return
    if (pod.metadata.deletionTimestamp !== undefined || this.away.has(hostNodeOf(pod) ?? '')) return
    if (hasEnded(pod)) return
    if (!this.#options.images.has(container.image)) {
      const message = `Back-off pulling image "${container.image}"`
      this.#status(pod, { ready: false, state: { waiting: { reason: 'ImagePullBackOff', message } } })
      return
    }
    if (this.#options.assign !== undefined && this.#options.assign(pod) === undefined) {
      this.#host.clock.plan(3_000, () => this.#start(uid))
      return
    }
    if (isLauncher(pod)) {
      this.guests.start(pod, () => this.#tellRuns(pod, container.image))
      return
    }
    const identity = container.env?.find(({ name }) => name === 'KNEST_IDENTITY')?.value
    this.#run(pod, container.image, identity)
  }

  #run(pod: KubeObject, image: string, identity: string | undefined): void {
    const uid = pod.metadata.uid ?? ''
    const cluster = `${pod.metadata.namespace ?? ''}/${pod.metadata.labels?.[labels.cluster] ?? ''}`
    const machine = new Machine(this.#host.clock, {
      node: nodeOf(pod),
      role: pod.metadata.labels?.[labels.role] === 'control-plane' ? 'control-plane' : 'worker',
      cluster,
      podUid: uid,
      image,
      identity,
      disk: this.#diskOf(pod, cluster),
    })
    this.machines.set(uid, machine)
    if (!isLauncher(pod)) this.#tellRuns(pod, image)
    this.#options.onStart(machine)
  }

  #tellRuns(pod: KubeObject, image: string): void {
    this.#addresses++
    const startedAt = new Date(this.#host.clock.now).toISOString()
    const containerID = `containerd://${pod.metadata.uid ?? ''}-${this.#addresses}`
    this.#status(
      pod,
      { ready: false, state: { running: { startedAt } }, containerID, image },
      {
        phase: 'Running',
        podIP:
          statusOf(pod).podIP ??
          this.#options.assign?.(pod) ??
          `10.244.${this.#addresses >> 8}.${this.#addresses & 255}`,
      },
    )
  }

  #change(pod: KubeObject): void {
    const machine = this.machines.get(pod.metadata.uid ?? '')
    if (machine === undefined) this.#start(pod.metadata.uid ?? '')
    else this.restart(machine, this.#host.random.between(500, 2_000))
  }

  #end(pod: KubeObject): void {
    const uid = pod.metadata.uid ?? ''
    const now = this.#now(uid)
    if (now === undefined || this.away.has(hostNodeOf(now) ?? '')) return
    this.machines.get(uid)?.stop()
    this.machines.delete(uid)
    this.#host.soon(() => this.#host.store.letGo(kubelet, now))
  }

  #diskOf(pod: KubeObject, cluster: string): Disk {
    const claim = claimOf(pod)
    const claimUid =
      claim === undefined
        ? undefined
        : this.#host.store.get(kinds.claim, claim, pod.metadata.namespace)?.metadata.uid
    const key = claimUid ?? pod.metadata.uid ?? ''
    const record = this.#host.store.get(kinds.cluster, cluster.split('/')[1] ?? '', pod.metadata.namespace)
    const disk =
      this.disks.get(key) ?? new Disk(key, cluster, nodeOf(pod), claimUid !== undefined, record?.metadata.uid)
    this.disks.set(key, disk)
    return disk
  }

  #loseDisk(key: string, by: Writer): void {
    const disk = this.disks.get(key)
    if (disk === undefined) return
    this.#options.onDiskGone(disk, by)
    this.disks.delete(key)
  }

  #unready(pod: KubeObject): void {
    const now = this.#now(pod.metadata.uid ?? '')
    if (now !== undefined && this.away.has(hostNodeOf(now) ?? '')) this.#status(now, { ready: false })
  }

  #status(
    { metadata: { uid = '', name, namespace } }: KubeObject,
    container: object,
    more: object = {},
  ): void {
    const pod = this.#now(uid)
    if (pod === undefined) return
    const before = statusOf(pod).containerStatuses?.[0] ?? {
      name: containerOf(pod)?.name ?? 'node',
      ready: false,
      restartCount: 0,
    }
    const restarted =
      'containerID' in container && 'containerID' in before ? { restartCount: before.restartCount + 1 } : {}
    const status = {
      phase: 'Pending',
      ...statusOf(pod),
      ...more,
      containerStatuses: [{ ...before, ...restarted, ...container }],
    }
    this.#host.store.patch(kubelet, kinds.pod, name, namespace, { status }, 'status')
  }
}
