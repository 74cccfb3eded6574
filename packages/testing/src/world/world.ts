import { createClusters, createKubernetesHome, KnestError } from '@knest/core'
import type { Clusters, KubeApi, KubeObject } from '@knest/core'
import { createVmNodeBackend } from '@knest/kubevirt-vm-node'
import { createCalicoAddresses } from '@knest/persistent-ip-calico'
import { createPodNodeBackend } from '@knest/pod-node'
import { openWorldApi, Watches, type Mishap } from './api.js'
import { Calico } from './calico.js'
import { Clock } from './clock.js'
import type { Disk } from './disk.js'
import { Etcd } from './etcd.js'
import { execInPod } from './exec.js'
import { Host, hostObjects } from './host.js'
import { kinds, type Extra } from './host-kinds.js'
import { Kubelets } from './kubelet.js'
import type { Machine } from './machine.js'
import { Nested } from './nested.js'
import { Process } from './process.js'
import type { Seen, WorldPromise } from './promise.js'
import { beyondRoles, isPermitted } from './roles.js'
import { createRandom, type Random } from './random.js'
import type { Scene } from './scene.js'
import type { Writer } from './store.js'
import { openVmHost, vmImages, type VmHost } from './vm-host.js'

/** The images that the host has. */
export const versions = ['1.35.4', '1.36.0', '1.36.1'] as const
const imageOf = (version: string): string => `localhost/knest/node:v${version}`

const startedAt = Date.UTC(2030, 0, 1)
const tickMs = 2_000
/** Between a look and what is done after it lies some time, for anybody: what goes in it nobody could see. */
const unseenMs = 1_000

/** A promise of knest that did not hold. */
export interface Broken {
  readonly promise: string
  readonly text: string
  readonly atMs: number
}

export interface TraceLine {
  readonly atMs: number
  readonly who: string
  readonly what: string
}

/** A host, its nested clusters, the processes that work on them, and what was promised of all that. */
export class World implements Scene {
  readonly clock = new Clock(startedAt)
  readonly random: Random
  readonly host: Writer = { name: 'node', isKnest: false }
  readonly cluster: Host
  readonly kubelets: Kubelets
  readonly nested = new Map<Etcd, Nested>()
  readonly processes: Process[] = []
  readonly broken: Broken[] = []
  readonly trace: TraceLine[] = []
  /** Mishaps to come: after how many calls of knest which. */
  readonly armed: { readonly mishap: Mishap; left: number }[] = []
  /** Operations, phases of the record and faults that met. */
  readonly coverage = new Set<string>()
  readonly seen: Seen
  /** Nobody reaches the host's API server; what runs goes on. */
  isHostAway = false
  /** Where the host has Calico. */
  readonly calico: Calico | undefined
  /** Of nodes whose addresses are kept, by their disk. */
  readonly addresses = new Map<string, string>()
  /** Where the host runs VMs. */
  readonly vms: VmHost | undefined
  readonly #promises: readonly WorldPromise<World>[]
  readonly #watches = new Map<string, Watches>()
  readonly #formed = new Map<string, Etcd>()
  /** When others than knest took the last disk of an etcd. */
  readonly #takenAt = new Map<Etcd, number>()
  #ids = 0

  constructor(
    seed: number,
    promises: readonly WorldPromise<World>[],
    extras: ReadonlySet<Extra> = new Set(),
  ) {
    const hasVms = extras.has('kubevirt')
    const images = [...versions.map(imageOf), ...(hasVms ? vmImages(versions) : [])]
    this.#promises = promises
    this.random = createRandom(seed, 2)
    const { clock, random } = this
    this.cluster = new Host({ clock, random, uid: () => this.#uid(), extras })
    this.kubelets = new Kubelets({
      host: this.cluster,
      images: new Set(images),
      ...(extras.has('calico') && { assign: (pod: KubeObject) => this.calico?.assign(pod) }),
      onStart: (machine) => {
        this.say(machine.node, `starts with v${machine.version}, disk ${machine.disk.state()}`)
        this.check((promise) => promise.onStart?.(this, machine))
      },
      onDiskGoing: (disk, by) => this.#condemn(disk, by),
      onDiskGone: (disk, by) => this.#loseDisk(disk, by),
    })
    const admin: Writer = { name: 'admin', isKnest: false }
    for (const object of hostObjects(images)) {
      this.cluster.store.create(admin, object)
      const { status, metadata } = object
      if (object.kind === 'Node')
        this.cluster.store.patch(admin, kinds.node, metadata.name, undefined, { status }, 'status')
    }
    this.calico = extras.has('calico') ? new Calico(this.cluster) : undefined
    this.vms = hasVms ? openVmHost(this) : undefined
    this.seen = {
      foreign: new Set(this.cluster.store.all().map(nameOf)),
      authorities: new Map(),
      holders: new Map(),
      leaving: new Map(),
      taken: [],
    }
    this.cluster.store.onChange((change) =>
      this.check((promise) => promise.onChange?.(this, change, undefined)),
    )
    this.#tick()
  }

  say(who: string, what: string): void {
    const plain = what.replaceAll(/world\/[^/\s]+\/\d+\/(\w+)/g, 'process $1').split('\n')[0] ?? ''
    this.trace.push({ atMs: this.clock.now - startedAt, who, what: plain })
  }

  /** Notes each promise that `look` finds broken, once. */
  check(look: (promise: WorldPromise<World>) => string | undefined): void {
    for (const promise of this.#promises) {
      const text = look(promise)
      if (text !== undefined) this.#break(promise.name, text)
    }
  }

  #break(promise: string, text: string): void {
    if (this.broken.some((one) => one.promise === promise && one.text === text)) return
    this.broken.push({ promise, text, atMs: this.clock.now - startedAt })
    this.say('PROMISE BROKEN', `${promise}: ${text}`)
  }

  /** A new process with the real operations on it. */
  start(
    name: string,
    kind: string,
  ): { readonly process: Process; readonly clusters: Clusters; readonly api: KubeApi } {
    const process: Process = new Process(name, kind, (call) => this.#mishap(process, call))
    this.processes.push(process)
    const { clock, random, cluster } = this
    const api = openWorldApi(process, {
      clock,
      random,
      description: 'the host',
      store: () => {
        if (!this.isHostAway) return cluster.store
        throw new KnestError('host-unreachable', 'the host cannot be reached: connection refused')
      },
      watches: cluster.watches,
      authorize: (call) => this.#authorize(process, call),
      ...(process.kind === 'controller' && { mayI: isPermitted }),
      exec: (pod, argv, options) => execInPod(this, process, pod, argv, options),
      ...(this.vms !== undefined && { openStream: this.vms.openStream(process) }),
    })
    const [pods, vms] = [createPodNodeBackend(api), createVmNodeBackend(api)]
    const clusters = createClusters({
      home: createKubernetesHome(api),
      addressAdapter: (_name, options) => Promise.resolve(createCalicoAddresses(api, options)),
      backend: (name) => Promise.resolve(name === 'vm' ? vms : pods),
      openNestedApi: ({ cluster: name, nodes, authorities }) =>
        Promise.resolve(
          openWorldApi(process, {
            clock,
            random,
            description: `nested cluster "${name}"`,
            store: () =>
              this.#nestedBy(
                nodes.map((node) => node.name),
                authorities.ca.cert,
              ).store,
            watches: this.#watchesOf(name),
          }),
        ),
    })
    return { process, clusters, api }
  }

  formEtcd(machine: Machine, configuration: string): void {
    const { disk, cluster, node, identity = '' } = machine
    if (disk.etcd !== undefined) return
    const peers =
      /value: (\S+=https:\/\/\S+:2380\S*)/.exec(configuration)?.[1] ?? `${node}=https://${identity}:2380`
    const members = peers
      .split(',')
      .sort()
      .map((peer) => peer.split('=') as [string, string])
    const key = `${cluster} ${members.join(' ')}`
    let etcd = this.#formed.get(key)
    const own = etcd === undefined ? undefined : [...etcd.members.values()].find(({ name }) => name === node)
    // Nobody has anything of the one before: the same names and addresses make another.
    const isOver = etcd?.hasAnyDisk() === false || (members.length === 1 && own?.disk !== undefined)
    if (etcd === undefined || isOver) {
      etcd = new Etcd(`${key} ${++this.#ids}`, this.#ids)
      for (const [name, url] of members) etcd.add(name, url, false)
      this.#formed.set(key, etcd)
      const nested = new Nested(
        etcd,
        () => this.clock.now,
        () => this.#uid(),
      )
      this.nested.set(etcd, nested)
      this.#watchesOf(cluster.split('/')[1] ?? '').follow(nested.store)
      nested.store.onChange((change) => this.check((promise) => promise.onChange?.(this, change, nested)))
    }
    disk.etcd = etcd
    const member = [...etcd.members.values()].find(({ name }) => name === node)
    // Whoever had data and lost them cannot come back as the member that it was.
    if (member === undefined || (member.disk !== undefined && member.disk !== disk)) return
    member.disk = disk
    disk.member = member
  }

  nestedOf(machine: Machine): Nested | undefined {
    return this.nestedFor(machine, machine.disk.authority)
  }

  nestedFor({ cluster }: Machine, authority: string | undefined): Nested | undefined {
    const serving = this.serving(cluster).find((one) => one.disk.authority === authority)
    return serving?.disk.etcd === undefined ? undefined : this.nested.get(serving.disk.etcd)
  }

  /** Whether there is a Node object of the machine; undefined when nobody can tell. */
  hasNode(machine: Machine): boolean | undefined {
    const nested = this.nestedOf(machine)
    return nested === undefined ? undefined : nested.store.get(kinds.node, machine.node) !== undefined
  }

  /** Machines of the cluster whose API server answers. */
  serving(cluster: string): readonly Machine[] {
    return this.kubelets.all().filter((machine) => machine.cluster === cluster && machine.serves())
  }

  readonly onGuestFailure = ({ node }: Machine, error: unknown): void =>
    this.check(({ name }) =>
      name === 'a command ends with an error of its own' ? `on ${node}: ${String(error)}` : undefined,
    )

  /** The cluster's record, as the host has it. */
  record(name: string): KubeObject | undefined {
    return this.cluster.store.get(kinds.cluster, name, `knest-${name}`)
  }

  phase(name: string): string {
    const record = this.record(name)
    if (record === undefined) return 'none'
    return (record.status as { phase?: string } | undefined)?.phase ?? 'Creating'
  }

  #tick(): void {
    this.clock.plan(tickMs, () => {
      this.kubelets.probe()
      for (const [etcd, nested] of this.nested) {
        const serving = this.kubelets
          .all()
          .filter((machine) => machine.disk.etcd === etcd && machine.serves())
        const [first] = serving
        if (first === undefined) continue
        const { authority } = first.disk
        const inside = this.kubelets
          .all()
          .filter(({ cluster, disk }) => cluster === first.cluster && disk.authority === authority)
        nested.tick(inside)
      }
      this.check((promise) => promise.always?.(this))
      this.#tick()
    })
  }

  /** Counts from now on as gone: what others take while it goes is lost by them. */
  #condemn(disk: Disk, by: Writer): void {
    if (disk.isGoing) return
    const { etcd } = disk
    const had = etcd?.hasDisks() === true
    disk.isGoing = true
    const risk = etcd !== undefined && had && !etcd.hasDisks()
    if (etcd === undefined) return
    const { now } = this.clock
    const isUnseen = !by.isKnest || now - (this.#takenAt.get(etcd) ?? -Infinity) < unseenMs
    if (!by.isKnest) this.#takenAt.set(etcd, now)
    this.check((promise) => promise.onDiskGoing?.(this, disk, by, risk && !isUnseen))
    if (risk) etcd.isLostByFault ||= isUnseen
  }

  #loseDisk(disk: Disk, by: Writer): void {
    this.#condemn(disk, by)
    disk.isGone = true
    disk.etcdRuns = () => false
    this.say(by.name, `the disk of ${disk.node} is gone (${disk.state()})`)
    this.check((promise) => promise.onDiskGone?.(this, disk, by))
  }

  #nestedBy(nodes: readonly string[], authority: string): Nested {
    const found = this.kubelets.all().find((machine) => nodes.includes(machine.node) && machine.serves())
    const nested = found?.disk.etcd === undefined ? undefined : this.nested.get(found.disk.etcd)
    if (nested === undefined)
      throw new KnestError('host-unreachable', 'the cluster has no control plane that answers')
    if (found?.disk.authority !== authority)
      throw new KnestError(
        'host-unreachable',
        'its certificate is signed by an authority the kubeconfig does not name',
      )
    return nested
  }

  #watchesOf(cluster: string): Watches {
    const found = this.#watches.get(cluster) ?? new Watches()
    this.#watches.set(cluster, found)
    return found
  }

  #mishap(process: Process, call: string): Mishap | undefined {
    this.check((promise) => promise.onCall?.(this, process, call))
    const [first] = this.armed
    // Waiting controllers ask for nothing else.
    if (first === undefined || call.includes('Lease kube-system/') || first.left-- > 0) return undefined
    this.armed.shift()
    this.say(process.name, `${call}: ${first.mishap}`)
    this.coverage.add(`${process.kind} × ${process.phase} × ${first.mishap}`)
    return first.mishap
  }

  /** A controller has the rights of its roles and no others; who types a command has all. */
  #authorize({ kind, name }: Process, call: string): void {
    const beyond = kind === 'controller' ? beyondRoles(this.cluster.store, call) : undefined
    if (beyond === undefined) return
    const { right, isPast } = beyond
    this.check(({ name: promise }) =>
      promise === 'the controller keeps to its role' && !isPast
        ? `${name} may not ${right}: ${call}`
        : undefined,
    )
    throw new KnestError('not-permitted', `the host: forbidden: ${right}`)
  }

  #uid(): string {
    this.#ids++
    return `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`
  }
}

export function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}
