import type { KubeObject } from '@knest/core'
import { parse } from 'yaml'
import type { Clock, Planned } from './clock.js'
import { claimOf, nodeOf, type Host } from './host.js'
import { kinds } from './host-kinds.js'
import { containerOf, statusOf } from './pod-views.js'
import type { Writer } from './store.js'

/** What the kubelets do for guests. */
interface Place {
  readonly report: (pod: KubeObject, container: object, more?: object) => void
  readonly run: (pod: KubeObject, image: string, identity: string | undefined) => void
  readonly startAgain: (uid: string) => void
  readonly isAway: (pod: KubeObject) => boolean
}

/** By which a guest knows whom to let in, and is known. */
export interface GuestKeys {
  readonly hostKey: string
  /** A line as in `authorized_keys`. */
  readonly authorizedKey: string
}

interface UserData {
  readonly ssh_keys: { readonly ed25519_private: string }
  readonly ssh_authorized_keys: readonly [string]
  readonly write_files: readonly { readonly content: string }[]
}

const kubelet: Writer = { name: 'host kubelet', isKnest: false }
/** From power to an SSH server that answers, with KVM. */
/** In place of an image: an empty disk. */
const nothing = ''
const bootMs = [12_000, 40_000] as const

/**
 * The VMs in their launcher pods. Each is switched on with what its cloud-init Secret says then, boots, and has its
 * machine as soon as its SSH server answers.
 */
export class Guests {
  /** Claims, by uid, that somebody filled with the disk of an image: a VM boots from no other. */
  readonly filled = new Map<string, string>()
  readonly #host: Host
  readonly #place: Place
  readonly #userData = new Map<string, UserData>()
  readonly #booting = new Map<string, Planned>()

  constructor(host: Host, place: Place) {
    this.#host = host
    this.#place = place
  }

  get #clock(): Clock {
    return this.#host.clock
  }

  keysOf(podUid: string): GuestKeys | undefined {
    const found = this.#userData.get(podUid)
    return found && { hostKey: found.ssh_keys.ed25519_private, authorizedKey: found.ssh_authorized_keys[0] }
  }

  /** Switches it on. Without its Secret the pod waits, and only an event says so. */
  start(pod: KubeObject, runs: () => void): void {
    const { uid = '', name, namespace } = pod.metadata
    if (statusOf(pod).phase === 'Running') return
    const secret = this.#host.store.get(kinds.secret, `${nodeOf(pod)}-userdata`, namespace)
    if (secret === undefined) {
      this.#warn(
        pod,
        `MountVolume.SetUp failed for volume "seed": secret "${nodeOf(pod)}-userdata" not found`,
      )
      this.#clock.plan(5_000, () => this.#place.startAgain(uid))
      return
    }
    const { userdata } = secret.data as { readonly userdata: string }
    this.#userData.set(uid, parse(Buffer.from(userdata, 'base64').toString()) as UserData)
    runs()
    if (this.#imageOf(pod) !== undefined) this.boot(pod)
    else {
      const claim = this.#host.store.get(kinds.claim, claimOf(pod) ?? '', namespace)
      // KubeVirt makes an empty disk there, which whoever fills claims takes for a full one.
      if (claim !== undefined) this.filled.set(claim.metadata.uid ?? '', nothing)
      this.#warn(pod, `"${name}" finds nothing to boot from`)
    }
  }

  /** QEMU ends, and its pod with it. */
  end(pod: KubeObject, phase: 'Succeeded' | 'Failed'): void {
    this.forget(pod.metadata.uid ?? '')
    const terminated = {
      reason: phase === 'Failed' ? 'Error' : 'Completed',
      exitCode: phase === 'Failed' ? 1 : 0,
    }
    this.#place.report(pod, { ready: false, state: { terminated } }, { phase })
  }

  forget(podUid: string): void {
    this.#booting.get(podUid)?.cancel()
    this.#booting.delete(podUid)
    this.#userData.delete(podUid)
  }

  /** It boots, on the disk that it has. */
  boot(pod: KubeObject): void {
    const uid = pod.metadata.uid ?? ''
    this.#place.report(pod, { ready: false })
    this.#booting.get(uid)?.cancel()
    const up = (): void => {
      this.#booting.delete(uid)
      // Whatever was on that host node is switched on again by nobody.
      if (this.#place.isAway(pod)) return
      const texts = this.#userData.get(uid)?.write_files.map(({ content }) => content) ?? []
      const identity = /^KNEST_IDENTITY=(\S+)$/m.exec(texts.join('\n'))?.[1]
      this.#place.run(pod, this.#imageOf(pod) ?? '', identity)
    }
    this.#booting.set(uid, this.#clock.plan(this.#host.random.between(...bootMs), up))
  }

  /** What it boots from: the disk of its own image, or what its claim was filled with. */
  #imageOf(pod: KubeObject): string | undefined {
    const name = claimOf(pod)
    if (name === undefined) return containerOf(pod)?.image
    const claim = this.#host.store.get(kinds.claim, name, pod.metadata.namespace)
    const image = this.filled.get(claim?.metadata.uid ?? '')
    return image === nothing ? undefined : image
  }

  #warn(pod: KubeObject, message: string): void {
    const { name, namespace = '' } = pod.metadata
    const event = { name: `${name}.mount`, namespace }
    if (this.#host.store.get(kinds.event, event.name, namespace) !== undefined) return
    const involvedObject = { kind: 'Pod', name, namespace }
    const lastTimestamp = new Date(this.#clock.now).toISOString()
    const fields = { type: 'Warning', reason: 'FailedMount', message, involvedObject, lastTimestamp }
    this.#host.store.create(kubelet, { ...kinds.event, metadata: event, ...fields })
  }
}
