import { storedCertificate } from '../certificates/list.js'
import { knownAuthorities } from '../certificates/lost-authorities.js'
import { planRenewal } from '../certificates/plan.js'
import { unnamedApi } from '../pki/served-names.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { changedParts, settingsDigest } from '../kubeadm/settings-digest.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { askEtcd } from '../observe/ask-etcd.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { DataLost, lastEnds, lostData, wasSetUp } from '../observe/lost-data.js'
import { askNestedFacts } from '../observe/nested-facts.js'
import { askNodeImages } from '../observe/node-images.js'
import { observe, type NestedFacts, type Observation } from '../observe/observe.js'
import { refuseLeaps } from './version-skew.js'
import type { DesiredNode } from '../plan/desired-nodes.js'
import { lastingNodes } from '../plan/lasting-nodes.js'
import type { ObservedCluster, ObservedNode } from '../plan/observed.js'
import { planCluster } from '../plan/plan.js'
import type { Step } from '../plan/step.js'
import type { UpgradePace } from '../plan/upgrade.js'
import { readRegistries } from '../registries/index.js'
import { anySignal } from '../signals.js'

const patienceMs = 10_000

interface PlanOptions {
  readonly pace?: UpgradePace | undefined
  /** Nodes for which nothing is planned, as if they gave no answer. */
  readonly left?: readonly string[]
  /** Nodes that are asked though the host does not say (yet) that they run: they have just answered. */
  readonly answering?: ReadonlySet<string> | undefined
}

/** What is to be done, and what was known when that was decided. */
export interface ClusterPlan {
  readonly steps: readonly Step[]
  readonly nodes: readonly BackendNode[]
  /** The nodes the cluster shall have. */
  readonly desired: readonly DesiredNode[]
  /** Nodes that run and could not be asked, and why; nothing is planned for them. */
  readonly silent: Observation['silent']
}

/** Looks at the cluster and says what is to be done. Changes nothing. */
export async function planFor(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
  { pace, left = [], answering }: PlanOptions = {},
): Promise<ClusterPlan> {
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const now = new Date()
  // A step of the plan takes lost ones back; without them the plan would be one for a silent cluster.
  const authorities = await knownAuthorities({ record, home: parts.home, nodes }, signal)
  const home = { ...parts.home, readAuthorities: () => Promise.resolve(authorities) }
  const [nested, etcd, seen, stored, urls, present, registries] = await Promise.all([
    nestedFacts({ ...parts, home }, record, nodes, signal),
    knownMembers(record, nodes, signal),
    observe(record, nodes, now, signal, answering),
    storedCertificate({ record, home: parts.home }, now, signal),
    home.apiUrls(record, signal),
    askNodeImages(record, nodes, signal),
    readRegistries(home, record, record.spec, signal),
  ])
  const loaded = record.images ?? []
  const images = loaded.length === 0 ? undefined : { loaded, present }
  const unnamed = unnamedApi(seen.serving, urls)
  const certificates = [...(stored === undefined ? [] : [stored]), ...seen.certificates]
  const renewal = planRenewal({ certificates, unfinished: seen.unfinished }, now)
  const isLeft = ({ name }: ObservedNode): boolean => left.includes(name)
  const looks = seen.observed.nodes.map((node) =>
    isLeft(node) ? { ...node, disk: undefined, silent: true } : node,
  )
  const observed = {
    ...seen.observed,
    nodes: looks,
    members: undefined,
    ...nested,
    etcd,
    renewal,
    unnamed,
    images,
    // What cannot be read now is no reason to take away what nodes have.
    registries: registries.problems.length > 0 ? undefined : registries,
    settings: settingsToBe(record),
  }
  await refuseLostData(record, nodes, looks, signal)
  refuseLeaps(record, observed)
  return {
    steps: planCluster(record, record.spec, observed, pace),
    nodes,
    desired: lastingNodes(record, record.spec, observed),
    silent: seen.silent,
  }
}

/** Undefined: all nodes have the settings of the record. */
function settingsToBe({ settings, spec }: ClusterRecord): ObservedCluster['settings'] {
  if (settings?.before === undefined) return undefined
  const { kubernetes } = spec
  return { digest: settingsDigest(kubernetes), parts: changedParts(settings.before, kubernetes) }
}

/** Throws when all that a cluster was is lost: what the plan would make is a new, empty one of its name. */
async function refuseLostData(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  looks: readonly ObservedNode[],
  signal: AbortSignal,
): Promise<void> {
  const controlPlanes = looks.filter(({ role }) => role === 'control-plane')
  const hasData = controlPlanes.some(({ disk }) => disk === 'bootstrapped' || disk === undefined)
  if (hasData || !wasSetUp(record)) return
  const lost = nodes.filter(({ role }) => role === 'control-plane')
  throw new DataLost(lostData(record, await lastEnds(record, lost, signal)))
}

/** Members as etcd lists them; undefined when there is but one, and when none can tell within a moment. */
async function knownMembers(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<ObservedCluster['etcd']> {
  const controlPlanes = nodes.filter(({ role }) => role === 'control-plane')
  // The only voter has no choice, and each command on a node costs time.
  if (Math.max(controlPlanes.length, record.spec.controlPlane.count) < 2) return undefined
  const bounded = anySignal(signal, AbortSignal.timeout(patienceMs))
  try {
    return await askEtcd(record, nodes, bounded)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof KnestError || bounded.aborted) return undefined
    throw error
  }
}

/** What the nested API says; undefined when it does not answer within a moment. */
async function nestedFacts(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<NestedFacts | undefined> {
  const api = await tryNestedApi(parts, record, nodes, signal)
  if (api === undefined) return undefined
  try {
    return await askNestedFacts(api, record, nodes, signal)
  } catch {
    signal.throwIfAborted()
    return undefined
  } finally {
    api.close()
  }
}
