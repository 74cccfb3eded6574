import { canConnect, KnestError, type ClusterRecord, type RunOptions, hostCommand } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { inspectImage, volumeLabels } from '../engine/objects.js'
import { parseFiles, readFilesScript, type HomeFiles } from '../home/files.js'
import { describeDnsFault, dnsFault, type MachineDns } from './dns.js'
import { electedLeaders } from './leaders.js'
import { processLimit } from './processes.js'
import { hostFault } from './health.js'
import { diskVolume, firstControlPlane } from '../engine/names.js'
import { isFresh, parseAccess } from '../home/access.js'
import { createContainerHome } from '../home/home.js'
import { hostKubeconfig } from './kubeconfig.js'
import { hostContext, hostRef } from './spec.js'
import { fullDisk, makeRoom } from './stalled.js'
import type { HostReady, HostStatus, HostTarget, HostUp } from './types.js'
import type { LocatedHost } from './locate.js'
import { readRoom } from './room.js'
import { damagedFiles, toRecord } from '../home/record.js'

const apiPort = 6443

/** The files of a running node; no more calls of the engine than needed. */
async function readFiles(engine: ContainerEngine, node: string, signal: AbortSignal): Promise<HomeFiles> {
  const result = await engine.run(['exec', node, 'sh', '-c', readFilesScript], { timeoutMs: 20_000, signal })
  return result.exitCode === 0 ? parseFiles(result.stdout) : {}
}

/** The host's admin kubeconfig as it was stored; undefined before it was completed, and when it is damaged. */
export async function readKubeconfig(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return wholeKubeconfig(await readFiles(engine, node, signal))
}

function wholeKubeconfig({ kubeconfig }: HomeFiles): string | undefined {
  return kubeconfig === undefined || parseAccess(kubeconfig) === undefined ? undefined : kubeconfig
}

/** Warns of what a machine that lost power has left of the record; what reads it takes it for absent. */
export async function warnOfDamage(engine: ContainerEngine, name: string, run: RunOptions): Promise<void> {
  const damaged = damagedFiles(await readFiles(engine, firstControlPlane(name), run.signal))
  if (damaged.length > 0)
    run.progress.warn(`the record of host "${name}" is damaged (${damaged.join(', ')}) and is made again`)
}

/**
 * Finds a host that is up in about a second: one command on the node and two requests. Undefined when
 * there is something to be done.
 */
export async function quickLook(
  found: LocatedHost,
  target: HostUp,
  dns: MachineDns,
  run: RunOptions,
): Promise<HostReady | undefined> {
  const { engine, container, label } = found
  if (container?.state !== 'running' || label === undefined) return undefined
  const wanted = target.image ?? container.image
  const [files, image, faults] = await Promise.all([
    readFiles(engine, container.name, run.signal),
    inspectImage(engine, wanted, run.signal),
    settingFaults(engine, container.name, dns, run.signal),
  ])
  if (damagedFiles(files).length > 0 || faults.length > 0) return undefined
  const record = toRecord(label, files)
  const { kubeconfig } = files
  const access = kubeconfig === undefined ? undefined : parseAccess(kubeconfig)
  if (record.phase !== 'Ready' || kubeconfig === undefined || access === undefined) return undefined
  if (!isFresh(access, new Date())) return undefined
  if ((await hostFault(access, container.name, container.startedAt, run.signal)) !== undefined)
    return undefined
  if (image !== undefined && image.id !== container.imageId) {
    run.progress.warn(
      `host "${target.name}" runs an older node image than "${wanted}" is now; to renew it (all in it is lost): ${hostCommand('down', target)} && ${hostCommand('up', target)}`,
    )
  }
  return {
    status: statusOf(found, record, target.name, { phase: 'running', reason: undefined }, kubeconfig),
    kubeconfig: hostKubeconfig(kubeconfig, target.name),
    changed: false,
  }
}

export async function hostStatus(
  located: LocatedHost,
  target: HostTarget,
  dns: MachineDns,
  signal: AbortSignal,
): Promise<HostStatus> {
  const { engine, container, label } = located
  const files = container?.state === 'running' ? await readFiles(engine, container.name, signal) : {}
  const record = label === undefined ? undefined : toRecord(label, files)
  const kubeconfig = wholeKubeconfig(files)
  const damaged = damagedFiles(files)
  let state =
    damaged.length > 0
      ? damagedState(target, damaged)
      : await judge(target, located, record, kubeconfig, signal)
  let room: HostStatus['room'] = []
  const access = kubeconfig === undefined ? undefined : parseAccess(kubeconfig)
  if (state.phase === 'running' && container !== undefined && access !== undefined) {
    const [faults, found] = await Promise.all([
      settingFaults(engine, container.name, dns, signal),
      readRoom(engine, target, container.name, access, signal),
    ])
    room = found
    if (faults.length > 0)
      state = { ...state, reason: `${faults.join('; ')}; mend it: ${hostCommand('up', target)}` }
  }
  return { ...statusOf(located, record, target.name, state, kubeconfig), room }
}

/** What is not as it should be with a host that runs, and what `up` mends without a restart. */
async function settingFaults(
  engine: ContainerEngine,
  node: string,
  dns: MachineDns,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [fault, limit, elected] = await Promise.all([
    dnsFault(engine, node, dns, signal),
    processLimit(engine, node, signal),
    electedLeaders(engine, node, signal),
  ])
  return [
    ...(fault === undefined ? [] : [describeDnsFault(fault)]),
    ...(limit === undefined
      ? []
      : [`${engine.name} allows it ${limit} processes, which six or seven nested clusters use up`]),
    ...(elected.length === 0
      ? []
      : [
          `its ${elected.join(' and ')} would end, for minutes at last, when its API is silent for ten seconds`,
        ]),
  ]
}

type State = Pick<HostStatus, 'phase' | 'reason'>

function damagedState(target: HostTarget, files: readonly string[]): State {
  return {
    phase: 'failed',
    reason: `its record is damaged (${files.join(', ')}); mend it: ${hostCommand('up', target)}`,
  }
}

async function judge(
  target: HostTarget,
  { engine, container, label }: LocatedHost,
  record: ClusterRecord | undefined,
  kubeconfig: string | undefined,
  signal: AbortSignal,
): Promise<State> {
  const [up, down] = [hostCommand('up', target), hostCommand('down', target)]
  if (label === undefined)
    return { phase: 'failed', reason: `its record is gone or damaged; remove the rest: ${down}` }
  if (container === undefined) return judgeWithoutContainer(target, engine, signal)
  if (container.state !== 'running') {
    return { phase: 'stopped', reason: `its container is ${container.state}; start it: ${up}` }
  }
  if (record?.phase === 'Deleting') return halfRemoved(target)
  if (kubeconfig === undefined || record?.phase === 'Creating') {
    return { phase: 'starting', reason: `it is not created completely; go on: ${up}` }
  }
  if (container.ip !== undefined && !(await canConnect(container.ip, apiPort, signal))) {
    const full = await fullDisk(engine, container.name, signal)
    if (full !== undefined) return { phase: 'failed', reason: `${full}; ${makeRoom(engine)}, then ${up}` }
    return {
      phase: 'starting',
      reason: `its API server does not answer; see: ${engine.name} logs ${container.name}`,
    }
  }
  const access = parseAccess(kubeconfig)
  const reason =
    access === undefined
      ? 'its kubeconfig is damaged'
      : await hostFault(access, container.name, container.startedAt, signal)
  return reason === undefined ? { phase: 'running', reason } : { phase: 'starting', reason }
}

function halfRemoved(target: HostTarget): State {
  return { phase: 'failed', reason: `it is half removed; finish it: ${hostCommand('down', target)}` }
}

/** Its disk decides: on one that is gone was everything. */
async function judgeWithoutContainer(
  target: HostTarget,
  engine: ContainerEngine,
  signal: AbortSignal,
): Promise<State> {
  const [up, down] = [hostCommand('up', target), hostCommand('down', target)]
  // Only an image opens the record of a host without its container, and it may be gone, too.
  const record = await createContainerHome(engine)
    .read(hostRef(target.name), signal)
    .catch((error: unknown) => {
      signal.throwIfAborted()
      if (!(error instanceof KnestError)) throw error
      return undefined
    })
  if (record?.phase === 'Deleting') return halfRemoved(target)
  if (await hasDisk(engine, target.name, signal))
    return { phase: 'failed', reason: `its container is gone; ${up} makes it again, with its data` }
  return record?.phase === 'Creating'
    ? { phase: 'starting', reason: `it is not created completely; go on: ${up}` }
    : { phase: 'failed', reason: `${lostDisk}; make it anew: ${down} && ${up}` }
}

/** Of a host that was set up once. */
export const lostDisk = 'its container and its disk are gone, and all data with them'

export async function hasDisk(engine: ContainerEngine, host: string, signal: AbortSignal): Promise<boolean> {
  return (await volumeLabels(engine, diskVolume(firstControlPlane(host)), signal)) !== undefined
}

export function statusOf(
  { engine, container, label }: LocatedHost,
  record: ClusterRecord | undefined,
  name: string,
  state: State,
  kubeconfig: string | undefined,
): HostStatus {
  const running = container?.ip === undefined ? undefined : `https://${container.ip}:${apiPort}`
  return {
    name,
    engine: engine.name,
    ...state,
    kubernetesVersion: record?.spec.kubernetesVersion ?? label?.spec.kubernetesVersion ?? 'unknown',
    context: hostContext(name),
    server: (kubeconfig === undefined ? undefined : parseAccess(kubeconfig)?.server) ?? running,
    createdAt: label?.createdAt ?? '',
    room: [],
  }
}
