import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { NodeSpec } from '../contracts/node-backend.js'
import { namespaceObject } from '../home/namespace.js'
import { apiService, identityService, nodesService } from '../home/services.js'
import type { ServiceOwner } from '../home/services.js'
import { labels } from '../labels.js'
import { defaultNamespace, objectNames } from '../names.js'
import { desiredNodes } from '../plan/desired-nodes.js'
import type { DesiredNode } from '../plan/desired-nodes.js'
import { addonObjects } from '../addons/objects.js'
import { certificatesJob, pkiItems } from './certificates-job.js'
import { checkStandalone } from './check.js'
import type { NodeSetUp } from '../contracts/node-set-up.js'
import { freestanding } from './freestanding.js'
import { addressVariable, apiAddressReference, standaloneNames, standalonePaths, statePort } from './names.js'
import { standaloneSettings } from './settings.js'
import type { Settings } from './settings.js'
import { itemsOf } from './volumes.js'

export interface StandaloneOptions {
  /** Makes the host object of a node that sets itself up. */
  node(spec: NodeSpec, setUp: NodeSetUp): KubeObject
  /** Told before anything is fetched from the network. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * A cluster as objects of the host's own kinds that need neither knest nor its controller: once they are
 * applied, the nodes set themselves up. Holds no secret, and is the same every time. Throws `config` for
 * what only knest can do.
 */
export async function standaloneObjects(
  ref: ClusterRef,
  spec: ClusterSpec,
  options: StandaloneOptions,
): Promise<readonly KubeObject[]> {
  checkStandalone(spec)
  const nodes = desiredNodes(ref, spec, [])
  const controlPlanes = nodes.filter(({ role }) => role === 'control-plane').map(({ name }) => name)
  const workers = nodes.filter(({ role }) => role === 'worker').map(({ name }) => name)
  const { note, signal } = options
  const controlPlaneEndpoint = `${apiName(ref)}:6443`
  const addons = await addonObjects(spec, { controlPlaneEndpoint, note, signal })
  const settings = standaloneSettings({ ref, spec, controlPlanes, addons })
  const secrets = [objectNames.pkiSecret(ref.name), objectNames.kubeconfigSecret(ref.name), ...workers]
  const objects = [
    ...(ref.namespace === defaultNamespace(ref.name) ? [namespaceObject(ref)] : []),
    // Before the nodes: kubelet tells a container only the addresses of Services that are there.
    ...services(ref, spec, controlPlanes),
    plain('ConfigMap', ref, standaloneNames.settings(ref.name), { data: settings.data }),
    ...secrets.map((name) => plain('Secret', ref, name, { type: 'Opaque' })),
    ...certificatesJob({ ref, image: spec.image, workers, files: settings.certificates }),
    ...nodes.map((node) => options.node(nodeSpec(ref, spec, node), setUpOf(ref, node, settings))),
  ]
  return objects.map(freestanding)
}

function apiName({ name, namespace }: ClusterRef): string {
  return `${objectNames.apiService(name)}.${namespace}.svc`
}

function plain(
  kind: 'ConfigMap' | 'Secret',
  ref: ClusterRef,
  name: string,
  rest: Readonly<Record<string, unknown>>,
): KubeObject {
  const metadata = { name, namespace: ref.namespace, labels: { [labels.cluster]: ref.name } }
  return { apiVersion: 'v1', kind, metadata, ...rest }
}

function services(
  ref: ClusterRef,
  spec: ClusterSpec,
  controlPlanes: readonly string[],
): readonly KubeObject[] {
  const { serviceType: desired } = spec.endpoint
  const serviceType = desired === 'auto' ? 'ClusterIP' : desired
  const owner: ServiceOwner = {
    ...ref,
    spec: { ...spec, endpoint: { serviceType } },
    uid: '',
    phase: 'Ready',
  }
  return [
    apiService(owner),
    nodesService(owner),
    ...controlPlanes.map((node) => withStatePort(identityService(owner, node))),
  ]
}

function withStatePort(service: KubeObject): KubeObject {
  const spec = service.spec as { readonly ports: readonly object[] }
  const port = { name: 'state', port: statePort, targetPort: statePort, protocol: 'TCP' }
  return { ...service, spec: { ...spec, ports: [...spec.ports, port] } }
}

function nodeSpec(ref: ClusterRef, spec: ClusterSpec, node: DesiredNode): NodeSpec {
  return {
    cluster: ref,
    clusterUid: '',
    name: node.name,
    role: node.role,
    pool: node.pool,
    image: spec.image,
    machine: node.machine,
    identity: node.role === 'control-plane' ? `$(${addressVariable(node.name)})` : undefined,
    hosts: [],
    reservation: undefined,
    persistent: spec.persistence.enabled,
    storageClass: spec.persistence.storageClass,
    hostPatches: spec.hostPatches,
    hostPod: node.hostPod,
  }
}

function setUpOf(ref: ClusterRef, node: DesiredNode, settings: Settings): NodeSetUp {
  const isControlPlane = node.role === 'control-plane'
  const files = isControlPlane ? settings.controlPlane : settings.pool(node.pool)
  const configMap = { name: standaloneNames.settings(ref.name), items: itemsOf(files) }
  // The pod waits for the Job: kubelet starts no container before the keys are there.
  const secret = isControlPlane
    ? { secretName: objectNames.pkiSecret(ref.name), defaultMode: 0o400, items: pkiItems }
    : { secretName: node.name, defaultMode: 0o400, items: itemsOf(workerSecretFiles) }
  return {
    command: ['/bin/bash', `${standalonePaths.settings}/start`],
    env: [
      { name: 'KNEST_API_NAME', value: apiName(ref) },
      { name: 'KNEST_API_ADDRESS', value: apiAddressReference(ref.name) },
    ],
    volumes: [
      { name: 'standalone', mountPath: standalonePaths.settings, source: { configMap } },
      { name: 'secrets', mountPath: standalonePaths.secrets, source: { secret } },
    ],
  }
}

const workerSecretFiles = { 'ca.crt': 'ca.crt', 'kubelet.conf': 'kubelet.conf' }
