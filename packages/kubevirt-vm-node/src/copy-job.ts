import { labels, managedByKnest, ownedBy, parseBytes } from '@knest/core'
import type { KindRef, KubeObject, NodeSpec } from '@knest/core'
import { placementOf, type VmHosts } from './copy-placement.js'
import { virtualMachine, vmLabels } from './manifest.js'
import { copyJob, rootDisk } from './names.js'

export const jobKind: KindRef = { apiVersion: 'batch/v1', kind: 'Job' }

/** Annotation of a claim that holds the whole disk. */
export const populated = 'knest.dev/populated'

/** Label of the pod that fills a claim. */
export const copiesTo = 'knest.dev/copies-to'

/** KubeVirt runs its machines as this user, and looks for this file on a claim. */
const qemuUser = 107
const diskFile = 'disk.img'
const tools = '/knest-tools'
const program = 'knest-write-disk'

/**
 * Copies the disk of the VM image to the node's claim, without CDI. The image holds a disk and no program,
 * so the static one of the node image is put beside it, as KubeVirt puts its own there. It runs where the VM can:
 * many a volume is bound for good to the host node that its first pod comes to.
 */
export function copyImageJob(spec: NodeSpec, hosts: VmHosts): KubeObject {
  const { pod, resources, siblings } = placementOf(virtualMachine(spec, 'claim'), spec, hosts)
  return {
    ...jobKind,
    metadata: {
      name: copyJob(spec.name),
      namespace: spec.cluster.namespace,
      labels: vmLabels(spec),
      ownerReferences: [ownedBy(spec.cluster.name, spec.clusterUid)],
    },
    spec: {
      backoffLimit: 2,
      template: {
        // Not the labels of a node: its Services would send traffic here.
        metadata: {
          labels: { [labels.managedBy]: managedByKnest, [copiesTo]: rootDisk(spec.name), ...siblings },
        },
        spec: {
          ...pod,
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          initContainers: [
            {
              name: 'tools',
              image: spec.image,
              imagePullPolicy: 'IfNotPresent',
              command: ['cp', `/usr/local/bin/${program}`, `${tools}/${program}`],
              volumeMounts: [{ name: 'tools', mountPath: tools }],
            },
          ],
          containers: [
            {
              name: 'copy',
              image: spec.vmImage,
              imagePullPolicy: 'IfNotPresent',
              command: [`${tools}/${program}`],
              args: [
                ...['--from', '/disk', '--to', `/target/${diskFile}`],
                ...['--size', String(parseBytes(spec.machine.rootfsSize)), '--owner', String(qemuUser)],
              ],
              resources,
              terminationMessagePolicy: 'FallbackToLogsOnError',
              // It gives the file to another user; the image has none of its own.
              securityContext: { runAsUser: 0 },
              volumeMounts: [
                { name: 'tools', mountPath: tools, readOnly: true },
                { name: 'target', mountPath: '/target' },
              ],
            },
          ],
          volumes: [
            { name: 'tools', emptyDir: {} },
            { name: 'target', persistentVolumeClaim: { claimName: rootDisk(spec.name) } },
          ],
        },
      },
    },
  }
}
