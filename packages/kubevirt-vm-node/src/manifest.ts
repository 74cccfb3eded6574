import {
  applyPatches,
  labels,
  nodeLabels,
  objectNames,
  ownedBy,
  podMetadata,
  podPlacement,
  spreadByRole,
} from '@knest/core'
import type { KubeObject, NodeSpec } from '@knest/core'
import { vmKind } from './kubevirt.js'
import { rootDisk, userdataSecret } from './names.js'
import type { VmNodeOptions } from './options.js'
import { requireBridge } from './require-bridge.js'

/** What the VM boots from: its image, copied at each start, or a disk of its own that was filled before. */
export type RootVolume = 'image' | 'data-volume' | 'claim'

const podNetwork = 'pod'
const rootName = 'root'
const seedName = 'seed'

/** Labels of the VM, its VMI and its launcher pod, which Services select. */
export function vmLabels(spec: NodeSpec): Readonly<Record<string, string>> {
  return { ...nodeLabels(spec), [labels.backend]: 'vm' }
}

/**
 * The VirtualMachine of a node, with the user's patches. `Always`: the host brings it back when it ends,
 * whoever ended it. Throws `config` when a patch takes its bridge away.
 */
export function virtualMachine(spec: NodeSpec, root: RootVolume, options: VmNodeOptions = {}): KubeObject {
  const vm: KubeObject = {
    ...vmKind,
    metadata: {
      name: spec.name,
      namespace: spec.cluster.namespace,
      labels: vmLabels(spec),
      ownerReferences: [ownedBy(spec.cluster.name, spec.clusterUid)],
    },
    spec: {
      runStrategy: 'Always',
      template: {
        metadata: podMetadata(spec, vmLabels(spec)),
        spec: instance(spec, root, options),
      },
    },
  }
  return requireBridge(applyPatches(vm, spec))
}

function instance(spec: NodeSpec, root: RootVolume, { kernelBoot }: VmNodeOptions): Record<string, unknown> {
  return {
    hostname: spec.name,
    subdomain: objectNames.nodesService(spec.cluster.name),
    // A drained host node ends the VM, and `Always` starts it on another; bridged VMs cannot migrate.
    evictionStrategy: 'None',
    terminationGracePeriodSeconds: 30,
    affinity: spreadByRole(spec),
    ...podPlacement(spec),
    domain: {
      cpu: { cores: spec.machine.cpuCores },
      memory: { guest: spec.machine.memorySize },
      // What an idle node needs, as for pods: KubeVirt would set aside a tenth of each core.
      resources: {
        requests: { cpu: spec.role === 'control-plane' ? '100m' : '50m', ...spec.hostPod?.requests },
      },
      ...(kernelBoot === undefined ? {} : { firmware: { kernelBoot: kernelBootOf(kernelBoot) } }),
      devices: {
        disks: [
          { name: rootName, disk: { bus: 'virtio' }, bootOrder: 1 },
          { name: seedName, disk: { bus: 'virtio' } },
        ],
        // Written out: without a binding KubeVirt admits the VM and cannot start it.
        interfaces: [{ name: podNetwork, bridge: {}, ...macAddress(spec) }],
        rng: {},
      },
    },
    networks: [{ name: podNetwork, pod: {} }],
    // Without it KubeVirt calls a VM ready as soon as it is switched on, a minute before it answers.
    readinessProbe: { tcpSocket: { port: 22 }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
    volumes: [
      { name: rootName, ...rootVolume(spec, root) },
      { name: seedName, cloudInitNoCloud: { secretRef: { name: userdataSecret(spec.name) } } },
    ],
  }
}

/**
 * A reserved address brings its MAC, which its annotations tell the CNI as well. Else the VM has the one that the CNI
 * gave its pod: Kube-OVN, Cilium and OVN-Kubernetes deliver nothing to another (kubevirt/kubevirt#7055,
 * cilium/cilium#22119). Nothing in the image looks at it.
 */
function macAddress({ reservation }: NodeSpec): { readonly macAddress?: string } {
  return reservation === undefined ? {} : { macAddress: reservation.mac }
}

function rootVolume(spec: NodeSpec, root: RootVolume): Record<string, unknown> {
  switch (root) {
    case 'image':
      return {
        containerDisk: { image: spec.vmImage, imagePullPolicy: 'IfNotPresent', ...pullSecret(spec) },
      }
    case 'data-volume':
      return { dataVolume: { name: rootDisk(spec.name) } }
    case 'claim':
      return { persistentVolumeClaim: { claimName: rootDisk(spec.name) } }
  }
}

/** KubeVirt takes one. */
function pullSecret({ hostPod }: NodeSpec): { readonly imagePullSecret?: string } {
  const [secret] = hostPod?.imagePullSecrets ?? []
  return secret === undefined ? {} : { imagePullSecret: secret.name }
}

function kernelBootOf({ image, kernelPath, initrdPath, args }: NonNullable<VmNodeOptions['kernelBoot']>) {
  return { kernelArgs: args, container: { image, imagePullPolicy: 'IfNotPresent', kernelPath, initrdPath } }
}
