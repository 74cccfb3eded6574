import type { KindRef } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'

/** Where the API keeps the objects of a kind. */
export interface Resource {
  readonly plural: string
  readonly namespaced: boolean
}

type Plurals = Readonly<Record<string, Readonly<Record<string, string>>>>

// The kinds knest uses itself: no discovery request is spent on them.
const namespaced: Plurals = {
  v1: {
    ConfigMap: 'configmaps',
    Endpoints: 'endpoints',
    Event: 'events',
    LimitRange: 'limitranges',
    PersistentVolumeClaim: 'persistentvolumeclaims',
    Pod: 'pods',
    ResourceQuota: 'resourcequotas',
    Secret: 'secrets',
    Service: 'services',
    ServiceAccount: 'serviceaccounts',
  },
  'apps/v1': {
    DaemonSet: 'daemonsets',
    Deployment: 'deployments',
    ReplicaSet: 'replicasets',
    StatefulSet: 'statefulsets',
  },
  'batch/v1': { CronJob: 'cronjobs', Job: 'jobs' },
  'cdi.kubevirt.io/v1beta1': { DataVolume: 'datavolumes' },
  'coordination.k8s.io/v1': { Lease: 'leases' },
  'discovery.k8s.io/v1': { EndpointSlice: 'endpointslices' },
  'k8s.cni.cncf.io/v1': { NetworkAttachmentDefinition: 'network-attachment-definitions' },
  'knest.dev/v1alpha1': { NestedCluster: 'nestedclusters' },
  'kubevirt.io/v1': {
    KubeVirt: 'kubevirts',
    VirtualMachine: 'virtualmachines',
    VirtualMachineInstance: 'virtualmachineinstances',
  },
  'metallb.io/v1beta1': { IPAddressPool: 'ipaddresspools', L2Advertisement: 'l2advertisements' },
  'networking.k8s.io/v1': { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' },
  'policy/v1': { PodDisruptionBudget: 'poddisruptionbudgets' },
  'rbac.authorization.k8s.io/v1': { Role: 'roles', RoleBinding: 'rolebindings' },
}

const clusterWide: Plurals = {
  v1: { Namespace: 'namespaces', Node: 'nodes', PersistentVolume: 'persistentvolumes' },
  'admissionregistration.k8s.io/v1': {
    MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
    ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
  },
  'apiextensions.k8s.io/v1': { CustomResourceDefinition: 'customresourcedefinitions' },
  'apiregistration.k8s.io/v1': { APIService: 'apiservices' },
  'authorization.k8s.io/v1': { SelfSubjectAccessReview: 'selfsubjectaccessreviews' },
  'cilium.io/v2': { CiliumNode: 'ciliumnodes' },
  'crd.projectcalico.org/v1': {
    FelixConfiguration: 'felixconfigurations',
    IPPool: 'ippools',
    IPReservation: 'ipreservations',
  },
  'kubeovn.io/v1': { IP: 'ips', Subnet: 'subnets', Vpc: 'vpcs' },
  'networking.k8s.io/v1': { ServiceCIDR: 'servicecidrs' },
  'rbac.authorization.k8s.io/v1': { ClusterRole: 'clusterroles', ClusterRoleBinding: 'clusterrolebindings' },
  'scheduling.k8s.io/v1': { PriorityClass: 'priorityclasses' },
  'storage.k8s.io/v1': { CSIDriver: 'csidrivers', StorageClass: 'storageclasses' },
}

/** Kubernetes' own groups, of which every API server has all that is asked for here, but for what came later. */
const ownGroups: ReadonlySet<string> = new Set(
  [...Object.keys(namespaced), ...Object.keys(clusterWide)].filter((apiVersion) =>
    /^[^./]+\/|\.k8s\.io\//.test(apiVersion),
  ),
)
const later: ReadonlySet<string> = new Set(['servicecidrs'])

/** Whether every Kubernetes API server has this path, once it serves at all. */
export function isBuiltIn(path: string): boolean {
  const [, root, group, version, ...rest] = path.split('/')
  if (root !== 'apis' || group === undefined) return root === 'api'
  return ownGroups.has(`${group}/${version ?? ''}`) && !rest.some((part) => later.has(part))
}

export interface Resources {
  /** Throws `not-found` for a kind the server does not know. */
  find(kind: KindRef, signal: AbortSignal): Promise<Resource>
}

/** Reads the resource list of a group version; undefined when the server has no such group version. */
export type Discover = (path: string, signal: AbortSignal) => Promise<unknown>

/** What was found is remembered; what was not is asked for again, since a CRD may come. */
export function openResources(description: string, discover: Discover): Resources {
  const found = new Map<string, Resource>()
  return {
    find: async (kind, signal) => {
      const known = knownResource(kind) ?? found.get(`${kind.apiVersion} ${kind.kind}`)
      if (known !== undefined) return known
      for (const [name, resource] of readResourceList(await discover(groupPath(kind.apiVersion), signal))) {
        found.set(`${kind.apiVersion} ${name}`, resource)
      }
      const resource = found.get(`${kind.apiVersion} ${kind.kind}`)
      if (resource === undefined) throw unknownKind(kind, description)
      return resource
    },
  }
}

export function unknownKind(kind: KindRef, description: string, cause?: unknown): KnestError {
  return new KnestError('not-found', `${description} has no kind "${kind.kind}" of ${kind.apiVersion}`, {
    hint: 'the add-on that brings it is not installed, or has another version',
    cause,
  })
}

/** Of one object, or of all objects of its kind when there is no name. */
export function objectPath(
  kind: KindRef,
  resource: Resource,
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const parts = [groupPath(kind.apiVersion)]
  if (resource.namespaced && namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(resource.plural)
  if (name !== undefined) parts.push(encodeURIComponent(name))
  if (subresource !== undefined) parts.push(subresource)
  return parts.join('/')
}

/** With a leading `?`, or empty. What is undefined is left out. */
export function queryText(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

function knownResource({ apiVersion, kind }: KindRef): Resource | undefined {
  const inNamespace = namespaced[apiVersion]?.[kind]
  if (inNamespace !== undefined) return { plural: inNamespace, namespaced: true }
  const everywhere = clusterWide[apiVersion]?.[kind]
  return everywhere === undefined ? undefined : { plural: everywhere, namespaced: false }
}

function readResourceList(list: unknown): [string, Resource][] {
  if (typeof list !== 'object' || list === null || !('resources' in list) || !Array.isArray(list.resources))
    return []
  return (list.resources as { name?: unknown; kind?: unknown; namespaced?: unknown }[]).flatMap(
    ({ name, kind, namespaced }): [string, Resource][] => {
      // Names with a slash are subresources.
      if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return []
      return [[kind, { plural: name, namespaced: namespaced === true }]]
    },
  )
}
