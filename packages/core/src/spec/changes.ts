import { kubectlCommand } from '../commands.js'
import type { ClusterSpec, DeletionPolicy, WorkerPool } from '../contracts/cluster.js'
import type { SpecChange } from '../contracts/clusters.js'
import type { Problem } from '../errors.js'
import { canonical, durationNanos, isSameQuantity, isRecord } from '../values/index.js'
import { upgradeFault } from './upgrade-rule.js'

export interface SpecChanges {
  readonly changes: readonly SpecChange[]
  /** What of it cannot be changed on a cluster that exists, each with what to do instead. */
  readonly refusals: readonly Problem[]
}

/**
 * What would have to change so that a cluster becomes as desired. Node counts, worker pools that come and
 * go, patches (for nodes made from then on), Kubernetes' own settings, and its version with the images can; the rest is
 * decided when a cluster or a pool is made.
 */
export function specChanges(recorded: ClusterSpec, desired: ClusterSpec): SpecChanges {
  const changes = [
    ...differences({ ...recorded, ...comparable(recorded) }, { ...desired, ...comparable(desired) }),
  ]
  const version = changes.find(({ path }) => path === 'kubernetesVersion')
  return { changes, refusals: changes.flatMap((change) => refusal(change, version) ?? []) }
}

/** What is absent and what is empty are the same. */
const comparable = (spec: ClusterSpec): Readonly<Record<string, unknown>> => ({
  workers: poolsByName(spec),
  addons: spec.addons ?? {},
  kubernetes: spec.kubernetes ?? {},
})

const poolsByName = ({ workers }: ClusterSpec): Readonly<Record<string, WorkerPool>> =>
  Object.fromEntries(workers.map((pool) => [pool.name, pool]))

/** Leaves that differ; a whole pool that is on one side only is one difference. */
function differences(from: unknown, to: unknown, path: readonly string[] = []): readonly SpecChange[] {
  const isPool = path[0] === 'workers' && path.length === 2
  if (isRecord(from) && isRecord(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
    return names.flatMap((name) => differences(from[name], to[name], [...path, name]))
  }
  const [before, after] = isPool ? [poolText(from), poolText(to)] : [text(from), text(to)]
  if (isSame(path.at(-1), before, after)) return []
  const isSecret = path[0] === 'kubernetes' && path[1] === 'files'
  const [told, toldAfter] = isSecret ? [pathsIn(from), pathsIn(to)] : [before, after]
  return [{ path: path.join('.'), from: told, to: toldAfter }]
}

/** What is in files is not told: it may be secret. */
function pathsIn(files: unknown): string | undefined {
  if (!Array.isArray(files)) return undefined
  return files.map((file: unknown) => (isRecord(file) ? String(file.path) : '')).join(',')
}

const usual: DeletionPolicy = 'Delete'

/** One value may be written in several ways: as 4Gi and 4096Mi, 5m and 300s. */
function isSame(field: string | undefined, before: string | undefined, after: string | undefined): boolean {
  if (before === after) return true
  if (field === 'deletionPolicy') return (before ?? usual) === (after ?? usual)
  if (field === 'loadBalancers') return (before ?? 'host') === (after ?? 'host')
  if (before === undefined || after === undefined) return false
  if (field === 'memorySize' || field === 'rootfsSize') return isSameQuantity(before, after)
  if (field !== 'unhealthyAfter' && field !== 'ttl') return false
  const [one, other] = [durationNanos(before), durationNanos(after)]
  return one !== undefined && one === other
}

/** What says nothing of the nodes that are there. */
const free: ReadonlySet<string> = new Set([
  'hostPatches',
  'health',
  'deletionPolicy',
  'ttl',
  'registries',
  'deleteWith',
  'kubernetes',
])

function refusal({ path, from, to }: SpecChange, version: SpecChange | undefined): Problem | undefined {
  const [root = '', pool, ...rest] = path.split('.')
  if (path === 'controlPlane.count' || free.has(root)) return undefined
  // Of nodes that are made from then on, as patches are.
  if (pool === 'hostPod' || (root === 'workers' && rest[0] === 'hostPod')) return undefined
  if (root === 'workers' && (rest.length === 0 || rest.join('.') === 'count')) return undefined
  if (path === 'kubernetesVersion') return upgradeFault(from ?? '', to ?? '')
  if (path === 'addons.loadBalancers') return undefined
  if (root === 'addons') return storageFault(to)
  if ((path === 'image' || path === 'vmImage') && version !== undefined) return undefined
  const message = `${path} cannot be changed from ${from ?? 'nothing'} to ${to ?? 'nothing'} while the cluster exists`
  if (root === 'workers') {
    return {
      severity: 'error',
      message,
      hint: `add a worker pool of another name with it, and take "${pool ?? ''}" away`,
    }
  }
  if (path === 'image')
    return { severity: 'error', message, hint: 'an image comes with a new kubernetesVersion: change both' }
  return { severity: 'error', message, hint: 'leave it as it is, or delete and create the cluster' }
}

/** What was not there may come; what is there may hold a user's data by now. */
function storageFault(to: string | undefined): Problem | undefined {
  if (to !== undefined && to !== 'none') return undefined
  const setDefault = '{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"false"}}}'
  const unset = kubectlCommand('patch', 'storageclass', 'local-path', '--patch', setDefault)
  return {
    severity: 'error',
    message: 'addons.storage cannot be taken away while the cluster exists: volumes may be made by it',
    hint: `leave it as it is; to have another default StorageClass, use in the nested cluster ${unset}`,
  }
}

function poolText(value: unknown): string | undefined {
  return isRecord(value) ? `${String(value.count)} nodes` : undefined
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return value
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isList ? value.join(',') : canonical(value)
}
