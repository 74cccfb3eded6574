import type { KubeObject } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { pieces } from '../values/index.js'
import { amount, most, podNeeds, podSpecOf, written } from './pod-needs.js'
import type { PodSpec, Quantities } from './pod-needs.js'

interface Quota {
  readonly spec?: {
    readonly hard?: Quantities
    readonly scopes?: readonly string[]
    readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeExpression[] }
  }
  readonly status?: { readonly hard?: Quantities; readonly used?: Quantities }
}

interface ScopeExpression {
  readonly scopeName: string
  readonly operator: string
  readonly values?: readonly string[]
}

/**
 * What the quotas of a namespace have no room for, were all these objects made: a dry run of each alone charges
 * nothing. Pods are as the host would store them. Pure.
 */
export function quotaProblems(
  quotas: readonly KubeObject[],
  objects: readonly KubeObject[],
): readonly Problem[] {
  return quotas.flatMap((quota) => {
    const { spec = {}, status = {} } = quota as unknown as Quota
    const hard = { ...spec.hard, ...status.hard }
    const matching = objects.filter((object) => isMatched(spec, object))
    return Object.entries(hard).flatMap(([resource, bound]) =>
      problemOf(quota, resource, { hard: bound, used: status.used?.[resource] }, matching),
    )
  })
}

function problemOf(
  { metadata: { name, namespace = '' } }: KubeObject,
  resource: string,
  { hard, used }: { readonly hard: string | number; readonly used: string | number | undefined },
  objects: readonly KubeObject[],
): readonly Problem[] {
  const charges = objects.map((object) => charge(resource, object))
  const where = `quota "${name}" of namespace "${namespace}"`
  if (charges.includes('unspecified')) {
    return [
      {
        reason: 'QuotaExceeded',
        severity: 'error',
        message: `${where} limits ${resource}, so that every pod must have such a value, and those of nodes have none`,
        hint: `have a LimitRange give a default for ${resource.replace(/^(limits|requests)\./, '')} there, or choose another namespace with -n`,
      },
    ]
  }
  const needed = charges.reduce<bigint>((total, each) => total + (each === 'unspecified' ? 0n : each), 0n)
  const free = amount(hard) - amount(used)
  if (needed === 0n || needed <= free) return []
  const unit = (value: bigint): string => written(resource, value)
  return [
    {
      reason: 'QuotaExceeded',
      severity: 'error',
      message: `${where} has room for ${resource} of ${unit(most([free]))} (${String(hard)}, of which ${String(used ?? 0)} are used), and the cluster needs ${unit(needed)}`,
      hint: `${cureOf(resource)}, choose another namespace with -n, or have the quota raised`,
    },
  ]
}

/** What helps against a quota of a resource; the first that fits counts. */
const cures: readonly (readonly [RegExp, string])[] = [
  [
    /memory$/,
    'make the nodes smaller (--control-plane-machine-memory-size, --worker-machine-memory-size) or fewer',
  ],
  [/cpu$/, 'make the nodes smaller (--control-plane-machine-cpu-cores, --worker-machine-cpu-cores) or fewer'],
  [
    /requests\.storage$/,
    'make the disks smaller (--control-plane-machine-rootfs-size, --worker-machine-rootfs-size), leave --persistent away',
  ],
  [
    /persistentvolumeclaims/,
    'make fewer nodes (--control-plane-machine-count, --worker-machine-count), leave --persistent away',
  ],
  [
    /services\.(nodeports|loadbalancers)/,
    'publish the API otherwise (--control-plane-endpoint-service-type ClusterIP)',
  ],
  [
    /services/,
    'make fewer control planes (--control-plane-machine-count), delete Services that nobody needs',
  ],
  [/secrets|leases|nestedclusters/, 'delete those that nobody needs'],
]

function cureOf(resource: string): string {
  const cure = cures.find(([pattern]) => pattern.test(resource))
  return cure?.[1] ?? 'make fewer nodes (--control-plane-machine-count, --worker-machine-count)'
}

/** Plural and group, as quotas count them; kinds that knest makes. */
const counted: Readonly<Record<string, string>> = {
  Pod: 'pods',
  Service: 'services',
  Secret: 'secrets',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  StatefulSet: 'statefulsets.apps',
  Lease: 'leases.coordination.k8s.io',
  NestedCluster: 'nestedclusters.knest.dev',
  VirtualMachine: 'virtualmachines.kubevirt.io',
}

/** How much of the resource one object takes; `unspecified` where the quota refuses it for saying nothing. */
function charge(resource: string, object: KubeObject): bigint | 'unspecified' {
  const plural = counted[object.kind] ?? ''
  if (resource === `count/${plural}` || resource === plural) return pieces(1)
  switch (object.kind) {
    case 'Pod':
      return podCharge(resource, podSpecOf(object))
    case 'Service':
      return serviceCharge(resource, object)
    case 'PersistentVolumeClaim':
      return claimCharge(resource, object)
    default:
      return 0n
  }
}

const requested = new Set(['cpu', 'memory', 'ephemeral-storage'])
/** Of these the quota plugin wants a value of every container. */
const wanted = new Set(['cpu', 'memory'])

function podCharge(resource: string, spec: PodSpec): bigint | 'unspecified' {
  const [, which, name] = /^(?:(requests|limits)\.)?(.+)$/.exec(resource) ?? []
  if (name === undefined || (which === undefined && !requested.has(name))) return 0n
  if (resource === 'requests.storage' || name.includes('storageclass')) return 0n
  const kind = which === 'limits' ? 'limits' : 'requests'
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const isSaid = containers.every(
    ({ resources = {} }) =>
      resources[kind]?.[name] !== undefined ||
      (kind === 'requests' && resources.limits?.[name] !== undefined),
  )
  if (!isSaid && wanted.has(name)) return 'unspecified'
  return podNeeds(spec)[kind][name] ?? 0n
}

function serviceCharge(resource: string, { spec }: KubeObject): bigint {
  const {
    type,
    ports = [],
    allocateLoadBalancerNodePorts,
  } = spec as {
    readonly type?: string
    readonly ports?: readonly object[]
    readonly allocateLoadBalancerNodePorts?: boolean
  }
  if (resource === 'services.loadbalancers') return pieces(type === 'LoadBalancer' ? 1 : 0)
  if (resource !== 'services.nodeports') return 0n
  const hasPorts = type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
  return pieces(hasPorts ? ports.length : 0)
}

function claimCharge(resource: string, { spec }: KubeObject): bigint {
  const { storageClassName, resources } = spec as {
    readonly storageClassName?: string
    readonly resources?: { readonly requests?: Quantities }
  }
  const [, ofClass, what] = /^(.+)\.storageclass\.storage\.k8s\.io\/(.+)$/.exec(resource) ?? []
  if (ofClass !== undefined && ofClass !== storageClassName) return 0n
  const name = what ?? resource
  if (name === 'persistentvolumeclaims') return pieces(1)
  return name === 'requests.storage' ? amount(resources?.requests?.storage) : 0n
}

/** Scopes are of pods only: a quota that has some counts nothing else. */
function isMatched({ scopes = [], scopeSelector }: NonNullable<Quota['spec']>, object: KubeObject): boolean {
  const expressions = [
    ...scopes.map((scopeName): ScopeExpression => ({ scopeName, operator: 'Exists' })),
    ...(scopeSelector?.matchExpressions ?? []),
  ]
  if (expressions.length === 0) return true
  if (object.kind !== 'Pod') return false
  return expressions.every((expression) => isInScope(expression, podSpecOf(object)))
}

function isInScope({ scopeName, operator, values = [] }: ScopeExpression, spec: PodSpec): boolean {
  const { requests, limits } = podNeeds(spec)
  const isBestEffort = Object.keys({ ...requests, ...limits }).every((name) => !wanted.has(name))
  switch (scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined
    case 'BestEffort':
      return isBestEffort
    case 'NotBestEffort':
      return !isBestEffort
    case 'PriorityClass': {
      const name = spec.priorityClassName ?? ''
      if (operator === 'Exists') return name !== ''
      if (operator === 'DoesNotExist') return name === ''
      return values.includes(name) === (operator === 'In')
    }
    default:
      return false
  }
}
