import type { KubeObject } from '../contracts/kubernetes.js'
import { pieces } from '../values/index.js'
import type { Finding } from './findings.js'
import { ownerOf, sizeFlag } from './objects.js'
import { amount, containerNeeds, podNeeds, podSpecOf, written } from './pod-needs.js'
import type { Amounts, Container, Needs, PodSpec, Quantities } from './pod-needs.js'

interface Item {
  readonly type: string
  readonly min?: Quantities
  readonly max?: Quantities
  readonly default?: Quantities
  readonly defaultRequest?: Quantities
  readonly maxLimitRequestRatio?: Quantities
}

function itemsOf({ spec }: KubeObject): readonly Item[] {
  return (spec as { readonly limits?: readonly Item[] } | undefined)?.limits ?? []
}

/** The pod as the LimitRanges of its namespace make it: with their defaults where it says nothing. */
export function withDefaults(pod: KubeObject, ranges: readonly KubeObject[]): KubeObject {
  const spec = podSpecOf(pod)
  const items = ranges.flatMap(itemsOf).filter(({ type }) => type === 'Container')
  if (items.length === 0) return pod
  const completed = (container: Container): Container =>
    items.reduce((one, item) => {
      const { requests = {}, limits = {} } = one.resources ?? {}
      // What has a limit gets no other request than that.
      return {
        ...one,
        resources: {
          limits: { ...item.default, ...limits },
          requests: { ...item.defaultRequest, ...limits, ...requests },
        },
      }
    }, container)
  const completedSpec: PodSpec = {
    ...spec,
    containers: (spec.containers ?? []).map(completed),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(completed) }),
  }
  return { ...pod, spec: completedSpec }
}

/** What the LimitRanges of a namespace refuse of these pods and claims, and what they would do to them. Pure. */
export function limitRangeProblems(
  ranges: readonly KubeObject[],
  objects: readonly KubeObject[],
): readonly Finding[] {
  return objects.flatMap((object) =>
    ranges.flatMap((range) => [
      ...itemsOf(range).flatMap((item) => refusedBy(item, object, range, ranges)),
      ...(object.kind === 'Pod' ? storageDefault(object, range) : []),
    ]),
  )
}

function refusedBy(
  item: Item,
  object: KubeObject,
  range: KubeObject,
  ranges: readonly KubeObject[],
): readonly Finding[] {
  if (object.kind === 'PersistentVolumeClaim' && item.type === 'PersistentVolumeClaim') {
    const { resources } = object.spec as { resources?: { requests?: Quantities } }
    const storage = amount(resources?.requests?.storage)
    return bounds(item, { requests: { storage }, limits: { storage } }, object, range)
  }
  if (object.kind !== 'Pod') return []
  const spec = podSpecOf(withDefaults(object, ranges))
  if (item.type === 'Pod') return bounds(item, podNeeds(spec), object, range)
  if (item.type !== 'Container') return []
  return (spec.containers ?? []).flatMap((one) => bounds(item, containerNeeds(one), object, range))
}

/** Sizes that are asked for, and what a limit range says of them. */
function bounds(
  { type, min, max, maxLimitRequestRatio }: Item,
  { requests, limits }: Needs,
  object: KubeObject,
  range: KubeObject,
): readonly Finding[] {
  const whose = ownerOf(object)
  const where = `LimitRange "${range.metadata.name}" of namespace "${range.metadata.namespace ?? ''}"`
  const say = (message: string, hint: string): Finding => ({
    reason: 'LimitRangeForbids',
    severity: 'error',
    message,
    hint,
    whose,
  })
  const tooMuch = Object.entries(max ?? {}).flatMap(([resource, bound]) => {
    const limit = limits[resource]
    if (limit !== undefined && limit <= amount(bound)) return []
    const asked = limit === undefined ? 'no limit' : written(resource, limit)
    return [
      say(
        `${where} allows ${resource} of at most ${String(bound)} for each ${type}, and ${whose} ask for ${asked}`,
        smaller(object, resource, String(bound)),
      ),
    ]
  })
  const tooLittle = Object.entries(min ?? {}).flatMap(([resource, bound]) => {
    const request = requests[resource]
    if (request !== undefined && request >= amount(bound)) return []
    const asked = request === undefined ? 'none' : written(resource, request)
    return [
      say(
        `${where} wants ${resource} of at least ${String(bound)} for each ${type}, and ${whose} ask for ${asked}`,
        larger(object, resource, String(bound)),
      ),
    ]
  })
  const uneven = Object.entries(maxLimitRequestRatio ?? {}).flatMap(([resource, bound]) => {
    const [limit, request] = [limits[resource] ?? 0n, requests[resource] ?? 0n]
    if (request > 0n && limit * pieces(1) <= amount(bound) * request) return []
    return [
      say(
        `${where} allows a limit of at most ${String(bound)} times the request of ${resource} for each ${type}, and ${whose} have ${written(resource, limit)} and ${written(resource, request)}`,
        elsewhere(`give the nodes larger requests in spec.hostPatches`),
      ),
    ]
  })
  return [...tooMuch, ...tooLittle, ...uneven]
}

function elsewhere(first: string): string {
  return `${first}, choose another namespace with -n, or have the LimitRange changed`
}

function smaller(object: KubeObject, resource: string, bound: string): string {
  const flag = flagOf(object, resource)
  return flag === undefined
    ? elsewhere('give the nodes a limit in spec.hostPatches')
    : elsewhere(`${flag} ${bound}`)
}

function larger(object: KubeObject, resource: string, bound: string): string {
  if (object.kind !== 'Pod') return smaller(object, resource, bound)
  return elsewhere('give the nodes larger requests in spec.hostPatches')
}

function flagOf(object: KubeObject, resource: string): string | undefined {
  if (object.kind === 'PersistentVolumeClaim') return sizeFlag(object, 'rootfs-size')
  if (resource === 'memory') return sizeFlag(object, 'memory-size')
  return resource === 'cpu' ? sizeFlag(object, 'cpu-cores') : undefined
}

/** A node whose disk is the pod's own is evicted with its data when it writes more than a limit it did not ask for. */
function storageDefault(pod: KubeObject, range: KubeObject): readonly Finding[] {
  const resource = 'ephemeral-storage'
  const [limit] = itemsOf(range)
    .filter(({ type }) => type === 'Container')
    .flatMap(({ default: given }) => given?.[resource] ?? [])
  const own = podSpecOf(pod).containers?.find(({ name }) => name === 'node')
  const has: Amounts = own === undefined ? { [resource]: 0n } : containerNeeds(own).limits
  if (limit === undefined || has[resource] !== undefined) return []
  const volumes = (pod.spec as { volumes?: readonly { name: string; emptyDir?: object }[] }).volumes ?? []
  const isOwnDisk = volumes.some(({ name, emptyDir }) => name === 'disk' && emptyDir !== undefined)
  return [
    {
      reason: 'LimitRangeForbids',
      severity: 'warning',
      whose: ownerOf(pod),
      message: `LimitRange "${range.metadata.name}" of namespace "${range.metadata.namespace ?? ''}" gives ${ownerOf(pod)} an ephemeral-storage limit of ${String(limit)}: a node that writes more is evicted${isOwnDisk ? ', and all that was on it is lost' : ''}`,
      hint: isOwnDisk
        ? 'use --persistent, whose disks are volumes and do not count, choose another namespace with -n, or have the default raised'
        : 'choose another namespace with -n, or have the default raised, if the nodes write much outside their disks',
    },
  ]
}
