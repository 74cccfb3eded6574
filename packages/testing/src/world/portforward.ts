import { KnestError } from '@knest/core'
import type { ByteStreamOptions, KubeObject } from '@knest/core'
import type { Duplex } from 'node:stream'
import type { GuestKeys } from './guests.js'
import { serveGuest } from './guest-ssh.js'
import { GuestShell } from './guest-shell.js'
import type { Host } from './host.js'
import { kinds } from './host-kinds.js'
import type { Kubelets } from './kubelet.js'
import type { Machine } from './machine.js'
import type { Outcome } from './outcome.js'
import { hostNodeOf, isLauncher } from './pod-views.js'
import type { Process } from './process.js'
import { openStreamPair } from './stream-pair.js'

export interface GuestScene {
  readonly cluster: Host
  readonly kubelets: Kubelets
  /** Runs a command on a guest. */
  readonly runInGuest: (machine: Machine, argv: readonly string[], stdin: Buffer) => Promise<Outcome>
  readonly onGuestFailure: (machine: Machine, error: unknown) => void
}

const path = /namespaces\/([^/]+)\/virtualmachineinstances\/([^/]+)\/portforward\/(\d+)\/tcp$/
const sshPort = 22

/** KubeVirt's virt-api: streams to ports of VMs. It dials before it answers, and so says why it cannot. */
export class Portforward {
  /** Who answers at the SSH port of guests; by default the world itself. */
  serve: ((stream: Duplex, keys: GuestKeys) => void) | undefined
  readonly #scene: GuestScene
  readonly #shells = new WeakMap<Machine, GuestShell>()
  readonly #open = new Set<(silently: boolean) => void>()

  constructor(scene: GuestScene) {
    this.#scene = scene
  }

  /** Cuts all streams, as when virt-api is restarted. Gives how many there were. */
  cut(): number {
    const open = [...this.#open]
    for (const cut of open) cut(false)
    this.#open.clear()
    return open.length
  }

  async open(
    process: Process,
    asked: string,
    { subject, timeoutMs = 10_000 }: ByteStreamOptions,
    signal: AbortSignal,
  ): Promise<Duplex> {
    const { cluster, kubelets } = this.#scene
    const [, namespace = '', name = '', port = ''] = path.exec(asked) ?? []
    const vmi = cluster.store.get(kinds.vmi, name, namespace)
    if (vmi === undefined) throw new KnestError('not-found', `virtualmachineinstance "${name}" not found`)
    const pod = this.#podOf(vmi)
    if (pod === undefined) throw new KnestError('config', `${subject}: no network interfaces are present`)
    if (kubelets.away.has(hostNodeOf(pod) ?? '')) {
      await cluster.clock.wait(timeoutMs)
      throw new KnestError('timeout', `${subject} did not answer`)
    }
    const machine = kubelets.machines.get(pod.metadata.uid ?? '')
    const dialling = `${subject}: dialing VM: dial tcp :${port}: connect`
    if (machine === undefined) {
      await cluster.clock.wait(3_000)
      throw new KnestError('host-unreachable', `${dialling}: no route to host`)
    }
    if (!listens(machine, Number(port)))
      throw new KnestError('host-unreachable', `${dialling}: connection refused`)
    const { client, server, cut } = openStreamPair(cluster.clock, () => !process.isDead())
    this.#open.add(cut)
    client.once('close', () => this.#open.delete(cut))
    machine.whenStopped(() => cut(kubelets.away.has(hostNodeOf(pod) ?? '')))
    signal.addEventListener('abort', () => client.destroy(), { once: true })
    const keys = kubelets.guests.keysOf(machine.podUid)
    if (Number(port) === sshPort && keys !== undefined) {
      if (this.serve !== undefined) this.serve(server, keys)
      else serveGuest(server, keys, (line, stdin) => this.#shellOf(machine).run(line, stdin))
    } else server.resume()
    return client
  }

  #podOf({ metadata: { namespace = '', uid } }: KubeObject): KubeObject | undefined {
    const pods = this.#scene.cluster.store.list(kinds.pod, { namespace })
    return pods.find((pod) => isLauncher(pod) && pod.metadata.ownerReferences?.[0]?.uid === uid)
  }

  #shellOf(machine: Machine): GuestShell {
    const known = this.#shells.get(machine)
    if (known !== undefined) return known
    const { runInGuest, onGuestFailure } = this.#scene
    const shell = new GuestShell(
      machine,
      (argv, stdin) => runInGuest(machine, argv, stdin),
      (error) => onGuestFailure(machine, error),
    )
    this.#shells.set(machine, shell)
    return shell
  }
}

function listens(machine: Machine, port: number): boolean {
  if (port === sshPort) return true
  return port === 6443 ? machine.serves() : machine.runsKubelet()
}
