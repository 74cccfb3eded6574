import type { KubeApi } from '@knest/core'
import type { Host } from './host.js'
import { kinds } from './host-kinds.js'
import type { Kubelets } from './kubelet.js'
import { KubeVirt, kubeVirtObjects, launcherImage } from './kubevirt.js'
import type { Machine } from './machine.js'
import { Portforward } from './portforward.js'
import type { Process } from './process.js'
import type { Scene } from './scene.js'
import { runCommand } from './scripts.js'
import type { Writer } from './store.js'
import { VmDisks } from './vm-disks.js'

interface VmScene extends Scene {
  readonly cluster: Host
  readonly kubelets: Kubelets
  /** A guest could not do what it was told. */
  readonly onGuestFailure: (machine: Machine, error: unknown) => void
}

/** What a host has that runs VMs. */
export interface VmHost {
  readonly kubeVirt: KubeVirt
  readonly portforward: Portforward
  readonly openStream: (process: Process) => KubeApi['openStream']
}

export function vmImageOf(version: string): string {
  return `localhost/knest/vm:v${version}`
}

export function vmImages(versions: readonly string[]): readonly string[] {
  return [...versions.map(vmImageOf), launcherImage]
}

export function openVmHost(scene: VmScene): VmHost {
  const { cluster, kubelets } = scene
  announce(cluster)
  const kubeVirt = new KubeVirt(cluster)
  new VmDisks(cluster, kubelets.guests.filled)
  const portforward = new Portforward({
    cluster,
    kubelets,
    runInGuest: (machine, argv, stdin) => runCommand(scene, machine, argv, stdin),
    onGuestFailure: scene.onGuestFailure,
  })
  return {
    kubeVirt,
    portforward,
    openStream: (process) => (path, options, signal) => portforward.open(process, path, options, signal),
  }
}

/** KubeVirt is deployed, and each host node has KVM. */
function announce({ store }: Host): void {
  const admin: Writer = { name: 'admin', isKnest: false }
  for (const object of kubeVirtObjects()) {
    store.create(admin, object)
    const { kind, apiVersion, metadata, status } = object
    if (status !== undefined)
      store.patch(admin, { kind, apiVersion }, metadata.name, metadata.namespace, { status }, 'status')
  }
  for (const { metadata } of store.list(kinds.node)) {
    const labels = { 'kubevirt.io/schedulable': 'true' }
    store.patch(admin, kinds.node, metadata.name, undefined, { metadata: { labels } })
    const status = { allocatable: { 'devices.kubevirt.io/kvm': '1k' } }
    store.patch(admin, kinds.node, metadata.name, undefined, { status }, 'status')
  }
}
