import { applyAll, createClusters, fullImageName, KnestError, openKube, hostCommand } from '@knest/core'
import type { ClusterHome, ClusterSpec, Clusters, KubeObject, RunOptions } from '@knest/core'
import { createContainerNodeBackend } from '../node/backend.js'
import type { ContainerEngine } from '../engine/engine.js'
import { inspectContainer, inspectImage, type ContainerObject } from '../engine/objects.js'
import { checkSubnet } from '../engine/subnet.js'
import { createContainerHome } from '../home/home.js'
import { resolvConfs } from '../engine/resolvers.js'
import { describeDnsFault, dnsFault, mendDns, type DnsFault, type MachineDns } from './dns.js'
import { awaitDns, awaitKubelet } from './health.js'
import { announceImages, copyImage, nodeHasImage } from './images.js'
import { hostKubeconfig } from './kubeconfig.js'
import { checkRegistries, defaultHostImage, hostRef, hostSpec } from './spec.js'
import { hasDisk, lostDisk, readKubeconfig, statusOf, warnOfDamage } from './status.js'
import { endElections } from './leaders.js'
import { liftProcessLimit } from './processes.js'
import { ensureBalancerAddresses } from './load-balancers.js'
import { ensureRestart } from './restart.js'
import { endBackOff, mustHaveRoom } from './stalled.js'
import type { HostReady, HostTarget, HostUp } from './types.js'
import { locateHost, type LocatedHost } from './locate.js'
import { firstControlPlane } from '../engine/names.js'
import { belongsTo } from '../node/cluster-containers.js'
import { startOrRemove } from '../node/start.js'

export interface HostParts {
  readonly engine: ContainerEngine
  readonly target: HostUp
  readonly objects: () => readonly KubeObject[]
  readonly images: readonly string[]
  readonly dns: MachineDns
  /** What the engine has of it. */
  readonly found: LocatedHost | undefined
}

/** Creates the host, goes on with an interrupted creation, or starts it again. The caller holds the lock. */
export async function bringUp(parts: HostParts, run: RunOptions): Promise<HostReady> {
  const { engine, target, found } = parts
  const ref = hostRef(target.name)
  const node = firstControlPlane(target.name)
  const home = createContainerHome(engine, { subnet: target.ranges?.subnet })
  const backend = createContainerNodeBackend(engine)
  const clusters = createClusters({ home, backend: () => Promise.resolve(backend) })
  const ran = await startAgain(engine, target, run)
  await warnOfDamage(engine, target.name, run)
  const record = await home.read(ref, run.signal)
  if (record === undefined) {
    if (found !== undefined) throw lostRecord(target)
    await clusters.create(ref, await wantedSpec(home, target, run.signal), run)
  } else if (record.phase === 'Creating') {
    await clusters.create(ref, record.spec, run)
  } else if (record.phase === 'Deleting') {
    throw new KnestError('conflict', `host "${target.name}" is half removed`, {
      hint: `finish it: ${hostCommand('down', target)}`,
    })
  } else if (found?.container === undefined && !(await hasDisk(engine, target.name, run.signal))) {
    throw new KnestError('conflict', `host "${target.name}" cannot come up: ${lostDisk}`, {
      hint: `make it anew: ${hostCommand('down', target)} && ${hostCommand('up', target)}`,
    })
  } else {
    if (ran !== undefined) await endBackOff(engine, ran, target, run)
    const registries = checkRegistries(target.registries)
    // Nothing changes its size: the difference between wish and machine is what gets repaired.
    if (registries === undefined) await clusters.scale(ref, {}, run)
    else await clusters.apply(ref, { ...record.spec, registries }, run)
  }
  const kubeconfig =
    (await readKubeconfig(engine, node, run.signal)) ??
    (await renewKubeconfig({ home, clusters }, target, run.signal))
  await run.progress.phase('Set up the host', () => setUp(parts, kubeconfig, run))
  const made = await locateHost([engine], ref, run.signal)
  if (made === undefined) throw new KnestError('not-found', `host "${target.name}" was removed meanwhile`)
  return {
    status: statusOf(made, undefined, target.name, { phase: 'running', reason: undefined }, kubeconfig),
    kubeconfig: hostKubeconfig(kubeconfig, target.name),
    changed: true,
  }
}

/** Of a host that is to be made. Throws for ranges that cannot be its own. */
async function wantedSpec(home: ClusterHome, target: HostUp, signal: AbortSignal): Promise<ClusterSpec> {
  const { image, name, ranges = {} } = target
  const { occupied } = await home.inspect(hostSpec(image, [], ranges), hostRef(name), signal)
  const spec = hostSpec(image, occupied, ranges, target.registries)
  const { podNetworkCidr, serviceCidr } = spec.network
  if (ranges.subnet !== undefined) checkSubnet(ranges.subnet, occupied, [...podNetworkCidr, ...serviceCidr])
  return spec
}

function lostRecord(target: HostTarget): KnestError {
  return new KnestError(
    'conflict',
    `the record of host "${target.name}" is gone or damaged, and the rest is there`,
    {
      hint: `remove it with all in it: ${hostCommand('down', target)}`,
    },
  )
}

/** One that was lost or damaged, by the authorities. */
async function renewKubeconfig(
  { home, clusters }: { readonly home: ClusterHome; readonly clusters: Clusters },
  target: HostTarget,
  signal: AbortSignal,
): Promise<string> {
  const ref = hostRef(target.name)
  const { kubeconfig } = await clusters.kubeconfig(ref, signal)
  const record = await home.read(ref, signal)
  if (record === undefined) throw lostRecord(target)
  await home.saveKubeconfig(record, kubeconfig, signal)
  return kubeconfig
}

/** After a stop or the machine's restart; gives the container when it ran before. Not left to the plan, since what it must know is inside. */
async function startAgain(
  engine: ContainerEngine,
  target: HostTarget,
  run: RunOptions,
): Promise<ContainerObject | undefined> {
  const { progress, signal } = run
  const node = firstControlPlane(target.name)
  const container = await inspectContainer(engine, node, signal)
  if (container === undefined || !belongsTo(container, hostRef(target.name))) return undefined
  // Also when it runs: an engine that was killed itself may only believe so.
  const done = await progress.phase(`Start node "${node}"`, () => startOrRemove(engine, container, signal))
  if (done === 'removed') return undefined
  await ensureRestart(engine, node, signal)
  const limit = await liftProcessLimit(engine, node, signal)
  if (limit !== undefined) progress.note(`${engine.name} allowed the host ${limit} processes: no limit now`)
  const changed = await endElections(engine, node, signal)
  if (changed.length > 0)
    progress.note(`${changed.join(' and ')} of the host elect no leader now: each is the only one`)
  if (container.state === 'running') return container
  await mustHaveRoom(engine, node, target, signal)
  return undefined
}

/** What makes a cluster a host: storage, and the node image for its nested nodes. Marks the end of it on the Node. */
async function setUp(
  { engine, target, objects, images, dns }: HostParts,
  kubeconfig: string,
  { progress, signal }: RunOptions,
): Promise<void> {
  const node = firstControlPlane(target.name)
  const api = await openKube({ kubeconfigText: kubeconfig, direct: true })
  try {
    const container = await inspectContainer(engine, node, signal)
    const [image, others] = await Promise.all([
      ensureNodeImage(engine, node, container?.image ?? defaultHostImage(), signal),
      ensureImages(engine, node, images, signal),
      applyAll(api, objects(), signal),
      awaitKubelet(api, node, container?.startedAt ?? '', signal),
      awaitDns(api, container?.startedAt ?? '', signal),
    ])
    if (container?.ip !== undefined)
      await ensureBalancerAddresses(engine, { node, address: container.ip }, api, signal)
    const fault = await dnsFault(engine, node, dns, signal)
    if (fault !== undefined) {
      tellOf(fault, progress)
      await mendDns(engine, node, container?.ip ?? '', fault, api, signal)
    }
    await announceImages(api, node, [image, ...others], signal)
  } finally {
    api.close()
  }
}

function tellOf(fault: DnsFault, progress: RunOptions['progress']): void {
  progress.note(`${describeDnsFault(fault)}: changing it`)
  if (fault.wanted !== undefined) return
  progress.warn(
    `this machine names no DNS server that a container reaches (looked in ${resolvConfs.join(', ')}): in the host only names of clusters are resolved. Name one in ${resolvConfs[0]}, and run the command again`,
  )
}

/** A host whose disk was filled from its image's own layer has it already; else it gets a copy. */
async function ensureNodeImage(
  engine: ContainerEngine,
  node: string,
  image: string,
  signal: AbortSignal,
): Promise<string> {
  if (!(await nodeHasImage(engine, node, image, signal))) await copyImage(engine, node, image, signal)
  return fullImageName(image)
}

/** Those that the engine has; a host can do without the others. */
async function ensureImages(
  engine: ContainerEngine,
  node: string,
  images: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const had: string[] = []
  for (const image of images) {
    if ((await inspectImage(engine, image, signal)) === undefined) continue
    had.push(await ensureNodeImage(engine, node, image, signal))
  }
  return had
}
