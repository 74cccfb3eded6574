import {
  anySignal,
  createClusters,
  KnestError,
  openKube,
  type ClusterRef,
  type KubeObject,
  type RunOptions,
  hostCommand,
} from '@knest/core'
import { createContainerNodeBackend } from '../node/backend.js'
import {
  createEngine,
  detectEngine,
  engineNames,
  type ContainerEngine,
  type EngineName,
} from '../engine/engine.js'
import { inspectImage, removeObjects } from '../engine/objects.js'
import { createContainerHome } from '../home/home.js'
import { machineDns, type MachineDns } from './dns.js'
import { announceImages, copyImage } from './images.js'
import { hostKubeconfig } from './kubeconfig.js'
import { checkRanges } from './ranges.js'
import { checkRegistries, hostRef } from './spec.js'
import { hostStatus, quickLook, readKubeconfig } from './status.js'
import type { HostControl, HostReady, HostTarget, HostUp } from './types.js'
import { bringUp } from './up.js'
import { locateHost, type LocatedHost } from './locate.js'
import { acquireLock } from '../home/lock.js'
import { diskVolume, firstControlPlane } from '../engine/names.js'
import { nestedClusters } from './nested-clusters.js'

export interface HostControlOptions {
  /** The engines there may be, in the order in which they are tried. */
  readonly engines?: readonly ContainerEngine[]
  /** What a host gets besides network and DNS: a default StorageClass. */
  readonly objects?: () => readonly KubeObject[]
  /** Images besides the node image that it gets if the engine has them. */
  readonly images?: readonly string[]
  /** Whom this machine asks for names; for tests. */
  readonly dns?: MachineDns
}

/** The embedded host: created, kept and removed by the same engine as every cluster. */
export function createHostControl({
  engines = engineNames.map((name) => createEngine(name)),
  objects = () => [],
  images = [],
  dns = machineDns,
}: HostControlOptions = {}): HostControl {
  const candidates = (wanted: EngineName | undefined): readonly ContainerEngine[] =>
    engines.filter(({ name }) => wanted === undefined || name === wanted)

  const mustFind = async (target: HostTarget, signal: AbortSignal): Promise<LocatedHost> => {
    const { name, engine } = target
    const found = await locateHost(candidates(engine), hostRef(name), signal)
    if (found !== undefined) return found
    throw new KnestError('not-found', `there is no host "${name}" on this machine`, {
      hint: `make it: ${hostCommand('up', target)}`,
    })
  }

  const lookFirst = async (
    target: HostUp,
    run: RunOptions,
  ): Promise<{ ready?: HostReady; found: LocatedHost | undefined }> => {
    const found = await locateHost(candidates(target.engine), hostRef(target.name), run.signal)
    if (found === undefined) return { found }
    await checkRanges(found, target, run.signal)
    // Whether it was told of them nobody sees at a glance.
    if (target.registries !== undefined) return { found }
    const ready = await quickLook(found, target, dns, run)
    return ready === undefined ? { found } : { found, ready }
  }

  return {
    up: async (target, given) => {
      checkRegistries(target.registries)
      const run = withDeadline(given)
      let look = await lookFirst(target, run)
      if (look.ready !== undefined) return look.ready
      const waitedFor: string[] = []
      const lock = await acquireLock(`up/${target.name}`, run.signal, (holder) => {
        waitedFor.push(holder)
        run.progress.note(`waiting for ${holder} to finish with host "${target.name}"`)
      })
      try {
        // Whoever held the lock may have done the work.
        if (waitedFor.length > 0) look = await lookFirst(target, run)
        if (look.ready !== undefined) return look.ready
        const { found } = look
        const engine = found?.engine ?? (await detectEngine(candidates(target.engine), run.signal))
        return await bringUp({ engine, target, objects, images, dns, found }, run)
      } finally {
        await lock.release()
      }
    },

    status: async (target, signal) => hostStatus(await mustFind(target, signal), target, dns, signal),

    kubeconfig: async ({ name, engine }, signal) => {
      const found = await locateHost(candidates(engine), hostRef(name), signal)
      if (found?.container?.state !== 'running') return undefined
      const kubeconfig = await readKubeconfig(found.engine, firstControlPlane(name), signal)
      return kubeconfig === undefined ? undefined : hostKubeconfig(kubeconfig, name)
    },

    load: async (target, images, given) => {
      const run = withDeadline(given)
      const found = await mustFind(target, run.signal)
      const { engine } = found
      for (const image of images) {
        if ((await inspectImage(engine, image, run.signal)) !== undefined) continue
        throw new KnestError('not-found', `${engine.name} has no image "${image}"`, {
          hint: `see: ${engine.name} images`,
        })
      }
      const node = firstControlPlane(target.name)
      const kubeconfig =
        found.container?.state === 'running' ? await readKubeconfig(engine, node, run.signal) : undefined
      if (kubeconfig === undefined) throw notRunning(target)
      const names: string[] = []
      for (const image of images) {
        names.push(
          ...(await run.progress.phase(`Load image "${image}"`, () =>
            copyImage(engine, node, image, run.signal),
          )),
        )
      }
      const api = await openKube({
        kubeconfigText: hostKubeconfig(kubeconfig, target.name),
        direct: true,
      })
      try {
        await announceImages(api, node, names, run.signal)
      } finally {
        api.close()
      }
    },

    down: async (target, given) => {
      const run = withDeadline(given)
      const found = await mustFind(target, run.signal)
      const nested = await nestedClusters(found, run.signal)
      if (nested.length > 0)
        run.progress.warn(
          `gone with host "${target.name}": nested ${nested.length === 1 ? 'cluster' : 'clusters'} ${nested.join(', ')}`,
        )
      const lock = await acquireLock(`up/${target.name}`, run.signal, (holder) => {
        run.progress.note(`waiting for ${holder} to finish with host "${target.name}"`)
      })
      try {
        await takeDown(found, hostRef(target.name), run)
      } finally {
        await lock.release()
      }
    },
  }
}

async function takeDown({ engine, label }: LocatedHost, ref: ClusterRef, run: RunOptions): Promise<void> {
  const home = createContainerHome(engine)
  if (label !== undefined) {
    const backend = createContainerNodeBackend(engine)
    const clusters = createClusters({ home, backend: () => Promise.resolve(backend) })
    await clusters.delete(ref, { ...run, keepData: false }).catch((error: unknown) => {
      // A record that cannot be read any more must not keep the rest.
      if (run.signal.aborted) throw error
    })
  }
  await home.remove(ref, { keepData: false, signal: run.signal })
  // Without a record nobody knew of the disk.
  await removeObjects(engine, 'volume', [diskVolume(firstControlPlane(ref.name))], run.signal)
}

function withDeadline(run: RunOptions): RunOptions {
  return { ...run, signal: anySignal(run.signal, AbortSignal.timeout(run.timeoutMs)) }
}

function notRunning(target: HostTarget): KnestError {
  return new KnestError('prerequisite', `host "${target.name}" does not run`, {
    hint: `start it: ${hostCommand('up', target)}`,
  })
}
