import type { ClusterRecord } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { ImageArchive, LoadedImage, LoadOutcome, LoadRequest } from '../contracts/images.js'
import type { ExecLimits, NodeHandle } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { importImages, linkImages, readNodeImages, type NodeImage, type SharedStore } from '../node/images.js'
import { permit } from '../phases/index.js'
import { withImages } from '../plan/loaded-images.js'
import { endedBy, onAbort } from '../signals.js'
import { fanOut, peekGzip } from '../streams/index.js'
import { chooseNodes } from './choose-nodes.js'
import { readRecord, type OperationTools } from './tools.js'

export type LoadOperation = Pick<Clusters, 'load'>

export function loadOperation({ parts, exclusive }: OperationTools): LoadOperation {
  const prepare = async (ref: Parameters<Clusters['load']>[0], signal: AbortSignal): Promise<ClusterRecord> =>
    permit('load', await readRecord(parts, ref, signal))
  return {
    load: (ref, request, run) =>
      exclusive(
        (signal) => prepare(ref, signal),
        ref,
        run,
        async (inner) => load(parts, await prepare(ref, inner.signal), request, inner),
      ),
  }
}

interface Target {
  readonly node: NodeHandle
  /** What it had before. */
  readonly images: readonly NodeImage[]
  readonly store: SharedStore | undefined
}

async function load(
  parts: Parts,
  record: ClusterRecord,
  request: LoadRequest,
  run: RunOptions,
): Promise<readonly LoadOutcome[]> {
  const chosen = await chooseNodes(parts, record, request, run)
  const targets = await Promise.all(
    chosen.map(async ({ backend, name }): Promise<Target> => {
      const node = await backend.openNode(record, name, run.signal)
      return { node, ...(await readNodeImages(node, run.signal)) }
    }),
  )
  const outcomes: LoadOutcome[] = []
  let images = record.images ?? []
  for (const archive of request.archives) {
    const { outcome, added, failure } = await run.progress.phase(`Load ${archive.title}`, () =>
      loadOne(archive, targets, request, run),
    )
    // What one node has belongs to the cluster: those that failed get it from there.
    if (added.length > 0) {
      images = withImages(images, added)
      const { phase, conditions } = record
      await parts.home.setStatus(record, { phase, conditions, images }, run.signal)
    }
    if (failure !== undefined) throw failure
    outcomes.push(outcome)
  }
  return outcomes
}

interface Loaded {
  readonly outcome: LoadOutcome
  readonly added: readonly LoadedImage[]
  readonly failure: KnestError | undefined
}

async function loadOne(
  archive: ImageArchive,
  targets: readonly Target[],
  { pools, nodes }: LoadRequest,
  { signal, timeoutMs }: RunOptions,
): Promise<Loaded> {
  const known = (target: Target): NodeImage | undefined => found(archive, target)
  const lacking = targets.filter((target) => known(target) === undefined)
  const had = targets.filter((target) => known(target) !== undefined)
  const results = lacking.length === 0 ? [] : await importInto(archive, lacking, { timeoutMs, signal })
  if (signal.aborted) throw endedBy(signal)
  const imported = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const images = imported[0] ?? had.flatMap((target) => known(target) ?? []).slice(0, 1)
  const names = ({ node }: Target): string => node.name
  const loaded = lacking.filter((_, index) => results[index]?.status === 'fulfilled').map(names)
  const failures = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
  const choice = { ...(pools && { pools }), ...(nodes && { nodes }) }
  return {
    outcome: {
      title: archive.title,
      images: images.map(({ name, digest }) => ({ name, digest })),
      loaded,
      had: had.map(names),
    },
    added: images.map(({ name, digest, id }) => ({
      name,
      digest,
      ...(id !== undefined && { id }),
      ...choice,
    })),
    failure:
      failures.length > 0
        ? failureOf(archive, failures, loaded)
        : images.length === 0
          ? nameless(archive)
          : undefined,
  }
}

/** Sends one archive to several nodes at the same time; of those that share a store one takes it for all. */
async function importInto(
  archive: ImageArchive,
  targets: readonly Target[],
  limits: ExecLimits,
): Promise<readonly PromiseSettledResult<readonly NodeImage[]>[]> {
  const takers = targets.map((target) => takerOf(target, targets))
  const source = await archive.open(limits.signal)
  const forget = onAbort(limits.signal, (error) => source.destroy(error))
  try {
    const { stream, isGzip } = await peekGzip(source)
    const different = [...new Set(takers)]
    const copies = fanOut(stream, different.length)
    const options = { ...limits, id: archive.image?.id, isGzip }
    const taken = new Map(
      different.map((taker, at) => [taker, importImages(taker.node, copies[at] ?? '', options)] as const),
    )
    return await Promise.allSettled(
      targets.map(async (target, at) => {
        const taker = takers[at] ?? target
        const images = (await taken.get(taker)) ?? []
        const names = images.map(({ name }) => name)
        if (taker !== target && names.length > 0) await linkImages(target.node, names, limits.signal)
        return images
      }),
    )
  } catch (error) {
    throw readable(archive, error)
  } finally {
    forget()
    source.destroy()
  }
}

/** The first that shares a store with this one; itself when it shares none. */
function takerOf(target: Target, targets: readonly Target[]): Target {
  const { store } = target
  if (store === undefined) return target
  return targets.find((other) => other.store?.id === store.id) ?? target
}

function found({ image }: ImageArchive, { images }: Target): NodeImage | undefined {
  if (image === undefined) return undefined
  return images.find(({ name, id }) => id === image.id && image.names.includes(name))
}

/** One that could not be read to its end says so itself; of what no node could import the archive is to blame. */
function failureOf(
  archive: ImageArchive,
  failures: readonly unknown[],
  loaded: readonly string[],
): KnestError {
  const errors = failures.map((error) => readable(archive, error))
  const [first] = errors
  if (first === undefined || errors.some((error) => error.code !== 'node-command')) {
    return (
      errors.find((error) => error.code !== 'node-command') ?? new KnestError('node-command', archive.title)
    )
  }
  const isDamaged = errors.every(({ message }) => damage.test(message))
  if (isDamaged && loaded.length === 0)
    return new KnestError(
      'config',
      `${archive.title} is no archive of images, damaged or cut off: ${first.message}`,
      {
        hint: 'make one with docker save, podman save or any tool that writes OCI archives',
        cause: first,
      },
    )
  // Nodes that share a store have one error.
  const said = [...new Set(errors.map(({ message }) => message))].join('; ')
  const others = loaded.length === 0 ? 'no node has it' : `it is on ${loaded.join(', ')}`
  return new KnestError('node-command', `${archive.title}: ${said}; ${others}`, {
    hint: 'see why, make room on the disk if that is it, and run the same command again',
    cause: first,
  })
}

/** What a file has to say when it is read, as that it is a folder. */
function readable({ title }: ImageArchive, error: unknown): KnestError {
  if (error instanceof KnestError) return error
  const said = error instanceof Error ? error.message : String(error)
  return new KnestError('usage', `${title} cannot be read: ${said}`, { cause: error })
}

const damage =
  /unexpected (EOF|end of file)|crc error|not in gzip|unrecognized image format|invalid (tar )?header|invalid checksum|corrupt|digest|not found/i

function nameless({ title }: ImageArchive): KnestError {
  return new KnestError('config', `${title} holds no image with a name, so no pod could use it`, {
    hint: 'give the image a name with a tag before it is saved, as in docker tag or podman tag, and save it by that name',
  })
}
