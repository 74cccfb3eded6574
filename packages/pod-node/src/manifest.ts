import {
  applyPatches,
  labels,
  nodeLabels,
  objectNames,
  ownedBy,
  specDefaults,
  podMetadata,
  podPlacement,
  spreadByRole,
  volumeClaimKind,
} from '@knest/core'
import type { KubeObject, NodeSpec } from '@knest/core'
import { nodeResources } from './resources.js'

export const containerName = 'node'
const diskVolume = 'disk'

/**
 * A folder of the machine in which the nodes of a cluster that are on it have loaded images once (decision 0022): those
 * whose disk goes with their pod. One that lasts may be used on another machine, so all is on it.
 */
const sharedImages = { path: '/var/lib/knest/images', mountPath: '/knest/images' } as const

/** The image of the node's container, which a patch may have chosen. */
export function imageOf(set: KubeObject): string {
  const { spec } = set as unknown as SetView
  return spec?.template.spec.containers.find(({ name }) => name === containerName)?.image ?? ''
}

interface SetView {
  readonly spec?: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] }
    }
  }
}

/** The pod of a node: its StatefulSet has one replica. */
export function podName(node: string): string {
  return `${node}-0`
}

export function claimName(node: string): string {
  return `${diskVolume}-${podName(node)}`
}

/** The claim that the host makes for the StatefulSet of a persistent node, as far as it shows whose it is. */
export function nodeClaim(spec: NodeSpec): KubeObject {
  const { namespace } = spec.cluster
  return { ...volumeClaimKind, metadata: { name: claimName(spec.name), namespace, labels: nodeLabels(spec) } }
}

/**
 * One StatefulSet with one replica per node: the host brings a deleted or evicted node back by itself,
 * never runs two of it, and any node can be replaced, not just the last.
 */
export function nodeStatefulSet(spec: NodeSpec): KubeObject {
  const base: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: spec.name,
      namespace: spec.cluster.namespace,
      labels: nodeLabels(spec),
      ownerReferences: [ownedBy(spec.cluster.name, spec.clusterUid)],
    },
    spec: {
      replicas: 1,
      serviceName: objectNames.nodesService(spec.cluster.name),
      podManagementPolicy: 'Parallel',
      // A new image is given to the pod itself, which keeps its disk and address; see change-image.ts.
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: { [labels.cluster]: spec.cluster.name, [labels.node]: spec.name } },
      template: {
        metadata: podMetadata(spec, nodeLabels(spec)),
        spec: podSpec(spec),
      },
      ...(spec.persistent ? { volumeClaimTemplates: [diskClaim(spec)] } : {}),
    },
  }
  return applyPatches(base, spec)
}

/** A cluster without an object on the host has nobody who would load anything. */
function sharesImages({ persistent, clusterUid }: NodeSpec): boolean {
  return !persistent && clusterUid !== ''
}

/** Without a type: the runtime of the host makes the folder, and kubelet need not see it. */
const imagesVolume = { name: 'images', hostPath: { path: sharedImages.path, type: '' } }

function podSpec(spec: NodeSpec): Record<string, unknown> {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    dnsPolicy: 'ClusterFirst',
    hostAliases: spec.hosts.map(({ ip, name }) => ({ ip, hostnames: [name] })),
    terminationGracePeriodSeconds: 10,
    affinity: spreadByRole(spec),
    ...podPlacement(spec),
    ...onlyPods(spec),
    containers: [
      {
        name: containerName,
        image: spec.image,
        imagePullPolicy: 'IfNotPresent',
        securityContext: { privileged: true },
        env: [
          { name: 'KNEST_NODE_NAME', value: spec.name },
          ...(spec.identity === undefined ? [] : [{ name: 'KNEST_IDENTITY', value: spec.identity }]),
          ...(sharesImages(spec) ? [{ name: 'KNEST_CLUSTER', value: spec.clusterUid }] : []),
        ],
        resources: nodeResources(spec),
        readinessProbe: readinessProbe(spec),
        volumeMounts: [
          { name: diskVolume, mountPath: '/knest/disk' },
          { name: 'run', mountPath: '/run' },
          { name: 'tmp', mountPath: '/tmp' },
          { name: 'modules', mountPath: '/lib/modules', readOnly: true },
          ...(sharesImages(spec) ? [{ name: 'images', mountPath: sharedImages.mountPath }] : []),
        ],
      },
    ],
    volumes: [
      ...(spec.persistent ? [] : [{ name: diskVolume, emptyDir: diskLimit(spec) }]),
      ...(sharesImages(spec) ? [imagesVolume] : []),
      { name: 'run', emptyDir: { medium: 'Memory' } },
      { name: 'tmp', emptyDir: { medium: 'Memory' } },
      { name: 'modules', hostPath: { path: '/lib/modules', type: '' } },
    ],
  }
}

/** What KubeVirt has not, or has elsewhere. */
function onlyPods({ hostPod }: NodeSpec): Record<string, unknown> {
  const { runtimeClassName, imagePullSecrets } = hostPod ?? {}
  return {
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
  }
}

/**
 * kubelet evicts a node whose disk grows larger, and all that is on it goes: where a size was asked for. The default is
 * that of a claim, and what a node of no size may take is what its host node has.
 */
function diskLimit({ machine: { rootfsSize } }: NodeSpec): Record<string, unknown> {
  return rootfsSize === specDefaults.defaultMachine.rootfsSize ? {} : { sizeLimit: rootfsSize }
}

/**
 * An API server goes through the default roles one by one at every start: seconds where several start at once, and
 * but for its very first start they are all there.
 */
const servesPath = '/readyz?exclude=poststarthook/rbac/bootstrap-roles'

/** Decides which control planes the API Service sends clients to. */
function readinessProbe(spec: NodeSpec): Record<string, unknown> {
  const check =
    spec.role === 'control-plane'
      ? { httpGet: { scheme: 'HTTPS', port: 6443, path: servesPath } }
      : { tcpSocket: { port: 10250 } }
  return { ...check, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 }
}

function diskClaim(spec: NodeSpec): Record<string, unknown> {
  return {
    metadata: { name: diskVolume, labels: nodeLabels(spec) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(spec.storageClass === undefined ? {} : { storageClassName: spec.storageClass }),
      resources: { requests: { storage: spec.machine.rootfsSize } },
    },
  }
}
