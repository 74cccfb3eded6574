import type { ClusterPhase, ClusterRecord, ClusterSpec, NodeGroup } from '../contracts/cluster.js'
import type { UpgradeRequest } from '../contracts/clusters.js'
import type { NodeBackend } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { halfWayFault, versionProblems } from './changed-spec.js'
import { KnestError, PreflightError } from '../errors.js'
import type { Problem } from '../errors.js'
import { backendsOf } from '../observe/backends.js'
import { defaultPace } from '../plan/upgrade.js'
import type { UpgradePace } from '../plan/upgrade.js'
import { defaultImage } from '../defaults.js'
import { imageFault, withoutV } from '../values/index.js'
import { upgradeFault } from '../spec/upgrade-rule.js'

/** The record's next spec. Throws PreflightError (`config`) with all that forbids it, `conflict` half-way. */
export function upgradedSpec(record: ClusterRecord, request: UpgradeRequest): ClusterSpec {
  const { spec } = record
  const from = spec.kubernetesVersion
  const to = withoutV(request.kubernetesVersion)
  const halfWay = halfWayFault(record, to)
  if (halfWay !== undefined) throw halfWay
  const image = request.image ?? imageOf(spec, to)
  const fault = image === undefined ? undefined : imageFault(image)
  const problems = [
    upgradeFault(from, to),
    image === undefined ? unknownImage(spec, to) : undefined,
    fault === undefined ? undefined : error(`image "${image ?? ''}" ${fault}`, 'correct the image'),
    ...versionProblems(spec, to),
  ].filter((problem) => problem !== undefined)
  if (problems.length > 0) throw new PreflightError('config', problems)
  return { ...spec, kubernetesVersion: to, image: image ?? spec.image }
}

/** Throws `usage` on a number of nodes that is none. */
export function upgradePace(request: UpgradeRequest): UpgradePace {
  const { maxUnavailable, maxSurge } = { ...defaultPace, ...withoutGaps(request) }
  if (maxUnavailable < 1)
    throw new KnestError('usage', `${maxUnavailable} workers at once are not possible`, {
      hint: 'give 1 or more',
    })
  if (maxSurge < 0)
    throw new KnestError('usage', `${maxSurge} further workers are not possible`, { hint: 'give 0 or more' })
  return { maxUnavailable, maxSurge }
}

function withoutGaps({ maxUnavailable, maxSurge }: UpgradeRequest): Partial<UpgradePace> {
  return {
    ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
    ...(maxSurge === undefined ? {} : { maxSurge }),
  }
}

/** The image of the new version by the same name; undefined when the name does not tell the version. */
function imageOf({ image, kubernetesVersion }: ClusterSpec, to: string): string | undefined {
  if (to === kubernetesVersion) return image
  if (image === defaultImage(kubernetesVersion)) return defaultImage(to)
  const tag = `:v${kubernetesVersion}`
  return image.endsWith(tag) ? `${image.slice(0, -tag.length)}:v${to}` : undefined
}

function unknownImage({ image }: ClusterSpec, to: string): Problem {
  return error(
    `which image has Kubernetes ${to} is not known: the nodes run "${image}"`,
    'name it with --image',
  )
}

/** What a cluster is called while it becomes as desired. An upgrade that has begun is one until its end. */
export function phaseOfChange({ phase, spec }: ClusterRecord, wanted: ClusterSpec): ClusterPhase {
  return phase === 'Upgrading' || wanted.kubernetesVersion !== spec.kubernetesVersion
    ? 'Upgrading'
    : 'Scaling'
}

/** Throws PreflightError (`config`) when the version shall change and nodes cannot be given another image. */
export function refuseFixedImages(
  { spec }: ClusterRecord,
  wanted: ClusterSpec,
  backends: readonly NodeBackend[],
): void {
  if (wanted.kubernetesVersion === spec.kubernetesVersion) return
  const fixed = backends.filter((backend) => backend.upgradeNode === undefined).map(({ name }) => name)
  const isFixed = ({ backend, count }: NodeGroup): boolean => count > 0 && fixed.includes(backend)
  const pools = spec.workers.filter(isFixed)
  const problems = [
    ...(isFixed(spec.controlPlane)
      ? [error(`its control planes are ${kinds(spec.controlPlane)}, ${forLife}`, 'create another cluster')]
      : []),
    ...pools.map((pool) =>
      error(
        `the workers of pool "${pool.name}" are ${kinds(pool)}, ${forLife}`,
        'apply a file without the pool, and add it again after the upgrade',
      ),
    ),
  ]
  if (problems.length > 0) throw new PreflightError('config', problems)
}

const forLife = 'and their image cannot be changed while they live'

function kinds({ backend }: NodeGroup): string {
  return backend === 'vm' ? 'VMs' : `${backend}s`
}

function error(message: string, hint: string): Problem {
  return { severity: 'error', message, hint }
}

/** What the host says against nodes of the new image, found out before the first one is changed. */
export async function imageProblems(
  parts: Parts,
  record: ClusterRecord,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (spec.image === record.spec.image && record.phase !== 'Upgrading') return []
  const backends = await backendsOf(parts, { spec })
  const problems = (
    await Promise.all(backends.map((backend) => backend.preflight(spec, signal, record)))
  ).flat()
  if (problems.some(({ severity }) => severity === 'error')) return problems
  const wrong = await Promise.all(backends.map((backend) => wrongVersion(backend, record, spec, signal)))
  return [...problems, ...wrong.filter((problem) => problem !== undefined)]
}

/** An image is what it holds, whatever it is called. */
async function wrongVersion(
  backend: NodeBackend,
  record: ClusterRecord,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const found = await backend.imageVersion?.(record, spec, signal)
  if (found === undefined || found === spec.kubernetesVersion) return undefined
  return error(
    `image "${spec.image}" has Kubernetes ${found}, not ${spec.kubernetesVersion}`,
    'give the image of that version with --image (field image), or the version that it has',
  )
}
