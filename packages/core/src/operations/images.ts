import { clusterCommand } from '../commands.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { removeNodeImages } from '../node/images.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { askNodeImages } from '../observe/node-images.js'
import { permit } from '../phases/index.js'
import { wantedImages } from '../plan/loaded-images.js'
import { fullImageName, shortImageName } from '../values/index.js'
import { readRecord, type OperationTools } from './tools.js'

export type ImagesOperation = Pick<Clusters, 'images' | 'removeImages'>

export function imagesOperation({ parts, exclusive }: OperationTools): ImagesOperation {
  const nodesOf = async (record: ClusterRecord, signal: AbortSignal): Promise<readonly BackendNode[]> =>
    listNodes(record, await backendsOf(parts, record), signal)
  const prepare = async (
    ref: ClusterRef,
    images: readonly string[],
    signal: AbortSignal,
  ): Promise<Removal> => {
    const record = permit('load', await readRecord(parts, ref, signal))
    return { record, names: images.map((image) => loadedName(record, image)) }
  }

  return {
    images: async (ref, signal) => {
      const record = await readRecord(parts, ref, signal)
      const nodes = await nodesOf(record, signal)
      const present = await askNodeImages(record, nodes, signal)
      return (record.images ?? []).map((image) => {
        const has = (node: string): boolean => present.get(node)?.some((each) => isSame(each, image)) === true
        const { name, digest } = image
        const all = [...present.values()].flat()
        return {
          name,
          digest,
          size: all.find((each) => isSame(each, image))?.size,
          wanted: nodes.filter((node) => wantedImages(record.images ?? [], node).includes(image)).map(named),
          present: nodes.map(named).filter(has),
        }
      })
    },

    removeImages: async (ref, images, run) => {
      const first = await prepare(ref, images, run.signal)
      const work = async (inner: RunOptions): Promise<readonly string[]> => {
        const removal = await prepare(ref, images, inner.signal)
        await remove(parts, removal, await nodesOf(removal.record, inner.signal), inner)
        return removal.names
      }
      return exclusive(() => Promise.resolve(first.record), ref, run, work)
    },
  }
}

interface Removal {
  readonly record: ClusterRecord
  /** Full names. */
  readonly names: readonly string[]
}

function named({ name }: { readonly name: string }): string {
  return name
}

function isSame(
  one: { readonly name: string; readonly digest: string },
  other: { readonly name: string; readonly digest: string },
): boolean {
  return one.name === other.name && one.digest === other.digest
}

/** The record is changed last: as long as it names them, the same command can be run again. */
async function remove(
  { home }: Parts,
  { record, names }: Removal,
  nodes: readonly BackendNode[],
  { progress, signal }: RunOptions,
): Promise<void> {
  const { phase, conditions } = record
  const images = (record.images ?? []).filter(({ name }) => !names.includes(name))
  const running = nodes.filter((node) => node.phase === 'running')
  await progress.phase(`Remove ${names.map(shortImageName).join(', ')}`, async () => {
    await Promise.all(
      running.map(async ({ backend, name }) =>
        removeNodeImages(await backend.openNode(record, name, signal), names, signal),
      ),
    )
    await home.setStatus(record, { phase, conditions, images }, signal)
  })
  for (const { name } of nodes.filter((node) => !running.includes(node)))
    progress.warn(`node "${name}" does not run: it may still have them on its disk`)
}

/** podman puts `localhost/` before names that have no registry. */
function loadedName(record: ClusterRecord, image: string): string {
  const full = fullImageName(image)
  const names = [full, fullImageName(`localhost/${image}`)]
  const found = names.find((name) => record.images?.some((loaded) => loaded.name === name))
  if (found !== undefined) return found
  throw new KnestError('not-found', `image "${image}" was not loaded into cluster "${record.name}"`, {
    hint: `see: ${clusterCommand('images', record)}`,
  })
}
