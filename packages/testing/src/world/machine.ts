import type { Clock } from './clock.js'
import type { Disk } from './disk.js'

export interface MachineInput {
  readonly node: string
  readonly role: 'control-plane' | 'worker'
  /** As `namespace/name`. */
  readonly cluster: string
  readonly podUid: string
  readonly image: string
  readonly identity: string | undefined
  readonly disk: Disk
}

/** What happens to a command on a machine that goes away under it. */
export class MachineGone extends Error {}

/** What happens to a script that is killed. */
export class ScriptKilled extends Error {}

/** Takes its time. Rejects when what it is part of ends before. */
export type Work = (ms: number) => Promise<void>

interface RunningScript {
  isKilled: boolean
  end: () => void
}

const startsMs = { kubelet: 1_000, etcd: 2_500, apiServer: 5_000, ready: 3_000 }

/** A node while its pod's container runs: kubelet, and the static pods that kubelet has started. */
export class Machine {
  readonly node: string
  readonly role: 'control-plane' | 'worker'
  readonly cluster: string
  readonly podUid: string
  readonly image: string
  readonly identity: string | undefined
  readonly disk: Disk
  readonly bootedAt: number
  isUp = true
  /** Somebody broke its kubelet, or its etcd; what runs beside it goes on. */
  isKubeletBroken = false
  isEtcdBroken = false
  /** A kubelet registers when it starts, and not again. */
  isRegistered = false
  /** Since when kubelet runs. */
  kubeletAt: number | undefined
  readonly #clock: Clock
  #queue: Promise<void> = Promise.resolve()
  #ends: (() => void)[] = []
  #scripts: readonly RunningScript[] = []

  constructor(clock: Clock, input: MachineInput) {
    this.#clock = clock
    this.node = input.node
    this.role = input.role
    this.cluster = input.cluster
    this.podUid = input.podUid
    this.image = input.image
    this.identity = input.identity
    this.disk = input.disk
    this.bootedAt = clock.now
    this.disk.etcdRuns = () => this.runsEtcd()
    this.startKubelet()
  }

  get version(): string {
    return /:v(.+)$/.exec(this.image)?.[1] ?? ''
  }

  /** Kubelet starts when it has something to start with. */
  startKubelet(): void {
    if (this.kubeletAt !== undefined || !this.mayStart()) return
    this.kubeletAt = this.#clock.now + startsMs.kubelet
    this.isRegistered = false
  }

  restartKubelet(): void {
    this.kubeletAt = undefined
    this.startKubelet()
  }

  mayStart(): boolean {
    return this.disk.hasKubeconfig && !this.disk.isKubeconfigHeld
  }

  runsKubelet(): boolean {
    return this.#since(0) && !this.isKubeletBroken && !this.disk.hasMemberOnly
  }

  isReady(): boolean {
    return this.runsKubelet() && this.#since(startsMs.ready)
  }

  runsEtcd(): boolean {
    const { manifests, member, etcd } = this.disk
    const isMember = member !== undefined && etcd?.members.has(member.id) === true
    return manifests === this.version && isMember && !this.isEtcdBroken && this.#since(startsMs.etcd)
  }

  /** Its API server is ready. */
  serves(): boolean {
    const { etcd, member } = this.disk
    return (
      this.runsEtcd() &&
      !this.disk.hasMemberOnly &&
      member?.learner === false &&
      this.#since(startsMs.apiServer) &&
      etcd?.hasQuorum() === true
    )
  }

  stop(): void {
    this.isUp = false
    for (const end of this.#ends.splice(0)) end()
  }

  /** Tells when it goes away; at once when it has. */
  whenStopped(tell: () => void): void {
    if (this.isUp) this.#ends.push(tell)
    else tell()
  }

  /** Work that takes its time. Rejects when the machine goes away before. */
  async work(ms: number): Promise<void> {
    if (!this.isUp) throw new MachineGone()
    await new Promise<void>((resolve, reject) => {
      const end = (): void => reject(new MachineGone())
      this.#ends.push(end)
      this.#clock.plan(ms, () => {
        this.#ends = this.#ends.filter((one) => one !== end)
        resolve()
      })
    })
  }

  /** The kernel writes what is left after half a minute, while there is power. */
  syncLater(): void {
    this.#clock.plan(30_000, () => {
      if (this.isUp) this.disk.sync()
    })
  }

  /** One script after another, as the lock that each of them takes says. */
  alone<T>(script: (work: Work) => Promise<T>): Promise<T> {
    const own: RunningScript = { isKilled: false, end: () => undefined }
    this.#scripts = [...this.#scripts, own]
    const work: Work = (ms) =>
      own.isKilled
        ? Promise.reject(new ScriptKilled())
        : Promise.race([
            this.work(ms),
            new Promise<never>((_, reject) => (own.end = () => reject(new ScriptKilled()))),
          ])
    const run = this.#queue.then(() => script(work))
    const done = (): void => {
      this.#scripts = this.#scripts.filter((one) => one !== own)
    }
    this.#queue = run.then(done, done)
    return run
  }

  /** Kills the script that runs, and those that wait for their turn. */
  killScripts(): void {
    for (const script of this.#scripts) {
      script.isKilled = true
      script.end()
    }
  }

  #since(ms: number): boolean {
    return this.isUp && this.kubeletAt !== undefined && this.#clock.now >= this.kubeletAt + ms
  }
}
