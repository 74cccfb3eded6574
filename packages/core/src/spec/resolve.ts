import { kubectlCommand } from '../commands.js'
import type { BackendName, ClusterSpec, NodeGroup, NodePatch } from '../contracts/cluster.js'
import { parseCandidates } from '../addresses/candidates.js'
import { KnestError, PreflightError } from '../errors.js'
import * as defaults from '../defaults.js'
import { imageFault, parseVersion, subdomainFault, withoutV } from '../values/index.js'
import { kubernetesProblems } from './kubernetes/problems.js'
import { ProblemList } from './problem-list.js'
import { resolveTtl } from './lifetime.js'
import { resolveOwner } from './owner.js'
import { resolveHealth } from './resolve-health.js'
import { resolveRegistries } from './resolve-registries.js'
import { resolveNetwork } from './resolve-network.js'
import { checkNodeNames, resolveControlPlane, resolveWorkers } from './resolve-nodes.js'
import { checkShape, type Path } from './schema-problems.js'
import { clusterInputSchema, type ClusterInput } from './schema.js'

export interface ResolveContext {
  /** Allows what works but is unwise, such as an even number of control planes. */
  readonly force: boolean
  /** It was accepted once: what Kubernetes' own settings name is not looked at again. */
  readonly isStored?: boolean | undefined
  /** For node groups that name none; `pod` when absent. */
  readonly backend?: BackendName | undefined
  /** Lets the lengths of node names be checked as well. */
  readonly clusterName?: string | undefined
}

/**
 * Fills in every default and checks every value. Throws one PreflightError (`config`) with all that
 * is wrong. Pure: needs no host.
 */
export function resolveSpec(input: ClusterInput, context: ResolveContext = { force: false }): ClusterSpec {
  const problems = new ProblemList()
  const desired = wellShaped(input, problems)
  const backend = context.backend ?? 'pod'
  const kubernetesVersion = resolveVersion(desired.kubernetesVersion, problems)
  const controlPlane = resolveControlPlane(desired.controlPlane, { force: context.force, backend }, problems)
  const workers = resolveWorkers(desired, backend, problems)
  checkNodeNames(context.clusterName, workers, problems)
  const nodes = [controlPlane, ...workers].reduce((sum, group) => sum + group.count, 0)
  const spec: ClusterSpec = {
    kubernetesVersion,
    image: resolveImage(desired.image ?? defaults.defaultImage(kubernetesVersion), problems),
    ...resolveVmImage(desired.vmImage, kubernetesVersion, [controlPlane, ...workers], problems),
    controlPlane,
    workers,
    network: resolveNetwork(desired.network, countable(nodes), problems),
    ...(desired.kubernetes === undefined ? {} : { kubernetes: desired.kubernetes }),
    endpoint: {
      serviceType: desired.endpoint?.serviceType ?? defaults.defaultServiceType,
    },
    persistence: resolvePersistence(desired.persistence, problems),
    ...resolveAddons(desired.addons),
    ...resolveTtl(desired.ttl, problems),
    ...resolveOwner(desired.deleteWith, problems),
    ...resolveHealth(desired.health, problems),
    ...resolveDeletionPolicy(desired, problems),
    hostPatches: (desired.hostPatches ?? []).map(({ role, patch }): NodePatch => ({
      ...(role === undefined ? {} : { role }),
      patch,
    })),
    ...resolveRegistries(desired.registries, problems),
  }
  if (context.isStored !== true)
    problems.problems.push(...kubernetesProblems(spec.kubernetes, kubernetesVersion))
  problems.throwIfAny()
  return spec
}

/** Reports what has the wrong type and goes on without it, so that the rest is checked as well. */
function wellShaped(input: ClusterInput, problems: ProblemList): ClusterInput {
  const checked = checkShape(clusterInputSchema, input, { prefix: ['spec'] })
  if (checked.ok) return checked.value
  problems.problems.push(...checked.problems)
  const rest = structuredClone(input)
  for (const path of checked.paths) removeAt(rest, path)
  const again = checkShape(clusterInputSchema, rest)
  if (!again.ok) throw new PreflightError('config', problems.problems)
  return again.value
}

function removeAt(root: unknown, path: Path): void {
  const last = path.at(-1)
  let parent = root as Record<PropertyKey, unknown> | undefined
  for (const part of path.slice(0, -1)) parent = parent?.[part] as typeof parent
  if (last !== undefined && typeof parent === 'object') Reflect.deleteProperty(parent, last)
}

/** A count that is wrong in itself is reported elsewhere; here it must not add nonsense. */
function countable(nodes: number): number {
  const most = defaults.maxControlPlaneCount + defaults.maxWorkerCount
  return Number.isInteger(nodes) && nodes > 0 && nodes <= most ? nodes : 1
}

function resolveVersion(input: string | undefined, problems: ProblemList): string {
  const given = input ?? defaults.defaultKubernetesVersion
  const version = withoutV(given)
  const parsed = parseVersion(given)
  const minors = defaults.supportedMinors.map((minor) => `1.${minor}`).join(', ')
  if (parsed === undefined) {
    problems.error(
      `Kubernetes version "${given}" is not a full version`,
      `give three numbers, as in ${defaults.defaultKubernetesVersion}`,
    )
  } else if (parsed.build !== '') {
    problems.error(
      `Kubernetes version "${given}" names a build, which is in no image's tag`,
      `leave "+${parsed.build}" out`,
    )
    return version.slice(0, version.indexOf('+'))
  } else if (parsed.major !== 1 || !defaults.supportedMinors.includes(parsed.minor)) {
    problems.error(
      `Kubernetes version "${given}" is not supported`,
      `use one of ${minors}, as in ${defaults.defaultKubernetesVersion}`,
    )
  }
  return version
}

function resolveImage(image: string, problems: ProblemList): string {
  const fault = imageFault(image)
  if (fault !== undefined) problems.error(`image "${image}" ${fault}`, 'correct the image')
  return image
}

/** A cluster without VM nodes has none, so that its record says what it needs and no more. */
function resolveVmImage(
  image: string | undefined,
  kubernetesVersion: string,
  groups: readonly NodeGroup[],
  problems: ProblemList,
): Pick<ClusterSpec, 'vmImage'> {
  if (groups.some(({ backend }) => backend === 'vm')) {
    return { vmImage: resolveImage(image ?? defaults.defaultVmImage(kubernetesVersion), problems) }
  }
  if (image !== undefined) {
    problems.error(`VM image "${image}" is given, but no node is a VM`, 'add --backend vm, or leave it out')
  }
  return {}
}

/** Keeps what was asked for and no default: a cluster that was made before there was one is left as it is. */
function resolveAddons(input: ClusterInput['addons']): Pick<ClusterSpec, 'addons'> {
  const { storage, loadBalancers } = input ?? {}
  if (storage === undefined && loadBalancers === undefined) return {}
  return {
    addons: {
      ...(storage !== undefined && { storage }),
      ...(loadBalancers !== undefined && { loadBalancers }),
    },
  }
}

function resolvePersistence(
  input: ClusterInput['persistence'],
  problems: ProblemList,
): ClusterSpec['persistence'] {
  const enabled = input?.enabled ?? false
  const { storageClass, addresses, hostClusterCni } = input ?? {}
  if (storageClass !== undefined) checkStorageClass(storageClass, enabled, problems)
  if (addresses !== undefined && addresses.length > 0) checkAddresses(addresses, enabled, problems)
  return {
    enabled,
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(addresses === undefined || addresses.length === 0 ? {} : { addresses }),
    ...(hostClusterCni === undefined ? {} : { hostClusterCni }),
  }
}

function resolveDeletionPolicy(
  { deletionPolicy, persistence }: ClusterInput,
  problems: ProblemList,
): Pick<ClusterSpec, 'deletionPolicy'> {
  if (deletionPolicy === 'Retain' && persistence?.enabled !== true) {
    problems.error(
      'deletion policy "Retain" is given, but the nodes are not persistent: their disks go with them',
      'add --persistent, or leave the deletion policy out',
    )
  }
  return deletionPolicy === undefined ? {} : { deletionPolicy }
}

function checkStorageClass(storageClass: string, enabled: boolean, problems: ProblemList): void {
  const fault = subdomainFault(storageClass)
  if (fault !== undefined) {
    problems.error(`StorageClass "${storageClass}" ${fault}`, `see ${kubectlCommand('get', 'storageclass')}`)
  }
  if (!enabled) {
    problems.error(
      `StorageClass "${storageClass}" is given, but the nodes are not persistent`,
      'add --persistent, or leave the StorageClass out',
    )
  }
}

function checkAddresses(addresses: readonly string[], enabled: boolean, problems: ProblemList): void {
  try {
    parseCandidates(addresses)
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    problems.error(`machine address ${error.message}`, error.hint ?? 'write it as 10.1.2.3-10.1.2.9')
  }
  if (!enabled) {
    problems.error(
      'machine addresses are given, but the nodes are not persistent',
      'add --persistent, or leave them out',
    )
  }
}
