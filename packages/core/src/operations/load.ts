import type { ClusterRecord } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { ImageArchive, LoadedImage, LoadOutcome, LoadRequest } from '../contracts/images.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { importImages, readNodeImages, type NodeImage } from '../node/images.js'
import { permit } from '../phases/index.js'
import { withImages } from '../plan/loaded-images.js'
import { endedBy } from '../signals.js'
import { fanOut } from '../streams/index.js'
import { chooseNodes } from './choose-nodes.js'
import { readRecord, type OperationTools } from './tools.js'

export type LoadOperation = Pick<Clusters, 'load'>

export function loadOperation({ parts, exclusive }: OperationTools): LoadOperation {
  const prepare = async (ref: Parameters<Clusters['load']>[0], signal: AbortSignal): Promise<ClusterRecord> =>
    permit('load', await readRecord(parts, ref, signal))
  return {
    load: async (ref, request, run) =>
      exclusive(await prepare(ref, run.signal), run, async (inner) =>
        load(parts, await prepare(ref, inner.signal), request, inner),
      ),
  }
}

interface Target {
  readonly node: NodeHandle
  /** What it had before. */
  readonly images: readonly NodeImage[]
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
      return { node, images: await readNodeImages(node, run.signal) }
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
  const source = lacking.length === 0 ? undefined : await archive.open(signal)
  const copies = source === undefined ? [] : fanOut(source, lacking.length)
  const stop = (): void => void source?.destroy(endedBy(signal))
  signal.addEventListener('abort', stop, { once: true })
  const results = await Promise.allSettled(
    lacking.map(({ node }, index) =>
      importImages(node, copies[index] ?? '', archive.image?.id, { timeoutMs, signal }),
    ),
  ).finally(() => {
    signal.removeEventListener('abort', stop)
    source?.destroy()
  })
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
  const errors = failures.map((error) =>
    error instanceof KnestError ? error : new KnestError('prerequisite', String(error), { cause: error }),
  )
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
  const said = errors.map(({ message }) => message).join('; ')
  const others = loaded.length === 0 ? 'no node has it' : `it is on ${loaded.join(', ')}`
  return new KnestError('node-command', `${archive.title}: ${said}; ${others}`, {
    hint: 'see why, make room on the disk if that is it, and run the same command again',
    cause: first,
  })
}

const damage =
  /unexpected EOF|unrecognized image format|invalid (tar )?header|invalid checksum|corrupt|digest|not found/i

function nameless({ title }: ImageArchive): KnestError {
  return new KnestError('config', `${title} holds no image with a name, so no pod could use it`, {
    hint: 'give the image a name with a tag before it is saved, as in docker tag or podman tag, and save it by that name',
  })
}
