import { z } from 'zod'
import { maxControlPlaneCount, maxWorkerCount } from '../defaults.js'
import { maxPoolNameLength } from '../names.js'
import { kubernetesSchema } from './kubernetes/schema.js'

/** As Kubernetes takes it in JSON, with quotes or without. */
const quantity = z.union([z.string(), z.number()])
/** A number of it is whole: the host itself refuses what is neither that nor text. */
const whole = { 'x-kubernetes-int-or-string': true }

/**
 * The one source of what a user may write: types, strict parsing and the CRD's schema come from here.
 * Everything is optional; `resolveSpec` fills in defaults and checks values. What `meta` holds is for
 * the CRD and for people: it is not enforced here, because `resolveSpec` says it better.
 */
const machine = z
  .strictObject({
    cpuCores: quantity
      .meta({ description: 'CPU cores of each node, as in 2, 0.5 or 500m; fractions for pods only' })
      .optional(),
    memorySize: quantity.meta({ ...whole, description: 'Kubernetes quantity, as in 4Gi' }).optional(),
    rootfsSize: quantity
      .meta({ ...whole, description: 'Kubernetes quantity: disk of persistent nodes and VMs' })
      .optional(),
  })
  .meta({ description: 'Size of each node' })

const backend = z.enum(['pod', 'vm', 'container']).meta({ description: 'What a node is on the host' })

const taint = z.strictObject({
  key: z.string(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
})

const hostPod = z
  .strictObject({
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    nodeSelector: z.record(z.string(), z.string()).optional(),
    tolerations: z
      .array(
        z.strictObject({
          key: z.string().optional(),
          operator: z.enum(['Exists', 'Equal']).optional(),
          value: z.string().optional(),
          effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
          tolerationSeconds: z.number().meta({ type: 'integer' }).optional(),
        }),
      )
      .optional(),
    priorityClassName: z.string().optional(),
    runtimeClassName: z.string().meta({ description: 'Pods only' }).optional(),
    imagePullSecrets: z
      .array(z.strictObject({ name: z.string() }))
      .meta({ description: 'Secrets of this namespace, for the image of the node' })
      .optional(),
    requests: z
      .strictObject({
        cpu: quantity.meta({ ...whole, description: 'As in 500m' }).optional(),
        memory: quantity.meta({ ...whole, description: 'As in 2Gi' }).optional(),
      })
      .meta({ description: 'What the host sets aside for a node' })
      .optional(),
  })
  .meta({
    description:
      'Of the pods on the host that are these nodes, or run their VMs; for nodes made from then on',
  })

const controlPlane = z
  .strictObject({
    count: z
      .number()
      .meta({
        type: 'integer',
        minimum: 1,
        maximum: maxControlPlaneCount,
        description: 'Odd, so that etcd keeps a majority',
      })
      .optional(),
    backend: backend.optional(),
    machine: machine.optional(),
    labels: z
      .record(z.string(), z.string())
      .meta({ description: 'Labels of the nested Node objects' })
      .optional(),
    hostPod: hostPod.optional(),
  })
  .meta({ description: 'Control-plane nodes' })

const pool = z.strictObject({
  name: z
    .string()
    .meta({
      description: 'Part of the node names: CLUSTER-POOL-0',
      maxLength: maxPoolNameLength,
      pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    })
    .optional(),
  count: z.number().meta({ type: 'integer', minimum: 0, maximum: maxWorkerCount }).optional(),
  backend: backend.optional(),
  machine: machine.optional(),
  labels: z
    .record(z.string(), z.string())
    .meta({ description: 'Labels of the nested Node objects' })
    .optional(),
  taints: z.array(taint).meta({ description: 'Taints of the nested Node objects' }).optional(),
  hostPod: hostPod.optional(),
})

/** One range, or two for dual stack: `resolveSpec` says how many, and `modernize` takes plain text for one. */
const range = z.array(z.string())

const network = z.strictObject({
  podNetworkCidr: range.meta({ description: 'Range of nested pods; each node takes a /24' }).optional(),
  serviceCidr: range.meta({ description: 'Range of nested Services' }).optional(),
  dnsDomain: z.string().optional(),
  cni: z
    .string()
    .meta({ description: 'flannel, calico, cilium, none, or file or URL of a manifest' })
    .optional(),
  vxlanPort: z.number().meta({ type: 'integer', description: 'UDP port of the nested overlay' }).optional(),
  mtu: z
    .number()
    .meta({ type: 'integer', description: 'MTU of nested pods; 0 decides from the host' })
    .optional(),
})

const patch = z.strictObject({
  role: z.enum(['control-plane', 'worker']).meta({ description: 'Which nodes; all when absent' }).optional(),
  patch: z
    .record(z.string(), z.unknown())
    .meta({ description: "JSON merge patch on the node's host object (StatefulSet or VirtualMachine)" }),
})

const keyRef = z.strictObject({
  name: z.string(),
  key: z.string().meta({ description: 'ca.crt when absent' }).optional(),
})

const registry = z.strictObject({
  host: z.string().meta({ description: 'As names of images begin, as in docker.io; * is every other' }),
  mirrors: z.array(z.string()).meta({ description: 'URLs that are asked before the registry' }).optional(),
  ca: z
    .strictObject({
      pem: z.string().meta({ description: 'The certificates themselves' }).optional(),
      secretKeyRef: keyRef.optional(),
      configMapKeyRef: keyRef.optional(),
    })
    .meta({ description: 'CA of the registry and its mirrors, of this namespace: one of these' })
    .optional(),
  credentials: z
    .strictObject({ secretRef: z.strictObject({ name: z.string() }) })
    .meta({ description: 'Secret of this namespace, kubernetes.io/dockerconfigjson or basic-auth' })
    .optional(),
  insecure: z
    .boolean()
    .meta({ description: 'Certificates of registry and mirrors are not checked' })
    .optional(),
})

export const clusterInputSchema = z.strictObject({
  kubernetesVersion: z.string().meta({ description: 'As in 1.35.4' }).optional(),
  image: z.string().meta({ description: 'Node image of pod and container nodes' }).optional(),
  vmImage: z.string().meta({ description: 'KubeVirt containerDisk that VM nodes boot from' }).optional(),
  controlPlane: controlPlane.optional(),
  workers: z.array(pool).meta({ description: 'Worker pools' }).optional(),
  replicas: z
    .number()
    .meta({
      type: 'integer',
      minimum: 0,
      maximum: maxWorkerCount,
      description: 'Workers of the first pool, in place of its count: what kubectl scale writes',
    })
    .optional(),
  network: network.optional(),
  kubernetes: kubernetesSchema.optional(),
  endpoint: z
    .strictObject({
      serviceType: z
        .enum(['auto', 'NodePort', 'LoadBalancer', 'ClusterIP'])
        .meta({ description: "Type of the API's Service on the host; auto chooses by reachability" })
        .optional(),
    })
    .optional(),
  persistence: z
    .strictObject({
      enabled: z.boolean().meta({ description: 'Node disks outlive pods and VMs' }).optional(),
      storageClass: z.string().optional(),
      addresses: z
        .array(z.string())
        .meta({ description: 'Addresses, A-B ranges and CIDRs the nodes get theirs from' })
        .optional(),
      hostClusterCni: z
        .enum(['calico', 'kube-ovn'])
        .meta({ description: 'What gives nodes their addresses; default: detected' })
        .optional(),
    })
    .optional(),
  addons: z
    .strictObject({
      storage: z
        .enum(['local-path', 'none'])
        .meta({ description: "The default StorageClass: folders of the node's disk, or none" })
        .optional(),
      loadBalancers: z
        .enum(['host', 'none'])
        .meta({
          description:
            'Who serves Services of type LoadBalancer: the host by the controller, or none of knest',
        })
        .optional(),
    })
    .meta({ description: 'What the cluster has beside its network and DNS' })
    .optional(),
  ttl: z
    .string()
    .meta({ description: 'How long it lives from its creation on, as in 2h: then the controller deletes it' })
    .optional(),
  deleteWith: z
    .strictObject({
      kind: z.enum(['Pod']),
      namespace: z.string().meta({ description: 'Absent: that of the cluster' }).optional(),
      name: z.string(),
      uid: z.string().meta({ description: 'A pod that comes later under the same name is another' }),
    })
    .meta({ description: 'The controller deletes the cluster when this pod of the host is gone' })
    .optional(),
  health: z
    .strictObject({
      unhealthyAfter: z
        .string()
        .meta({ description: 'How long a node may be not Ready before it is replaced, as in 5m' })
        .optional(),
      maxUnhealthy: z
        .string()
        .meta({ description: 'Share of unhealthy nodes above which none is replaced, as in 40%' })
        .optional(),
    })
    .meta({ description: 'When nodes are replaced' })
    .optional(),
  deletionPolicy: z
    .enum(['Delete', 'Retain'])
    .meta({
      description: 'Retain: disks, keys and addresses of a persistent cluster stay when it is deleted',
    })
    .optional(),
  hostPatches: z
    .array(patch)
    .meta({ description: "Changes of nodes' host objects, in this order" })
    .optional(),
  registries: z.array(registry).meta({ description: 'How nodes reach registries' }).optional(),
})

/** What a user asks for, before defaults: the `spec` of a NestedCluster file, or flags. */
export type ClusterInput = z.infer<typeof clusterInputSchema>
export type WorkerPoolInput = z.infer<typeof pool>
export type HostPodInput = z.infer<typeof hostPod>
export type RegistryInput = z.infer<typeof registry>

/** What `kubectl get -o yaml` adds is accepted and not looked at. */
const metadata = z.strictObject({
  name: z.string().optional(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).nullish(),
  ...Object.fromEntries(
    [
      'annotations',
      'creationTimestamp',
      'finalizers',
      'generation',
      'managedFields',
      'ownerReferences',
      'resourceVersion',
      'uid',
    ].map((field) => [field, z.unknown().optional()]),
  ),
})

export const clusterFileSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadata.optional(),
  spec: clusterInputSchema.optional(),
  status: z.unknown().optional(),
})
