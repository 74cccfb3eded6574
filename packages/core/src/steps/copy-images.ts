import { PassThrough } from 'node:stream'
import { clusterCommand } from '../commands.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { Progress } from '../contracts/progress.js'
import { KnestError } from '../errors.js'
import { exportImage, importImages, linkImages, readNodeImages } from '../node/images.js'
import { lackedImages, type ImageToCopy } from '../plan/loaded-images.js'
import { shortImageName } from '../values/index.js'
import type { StepContext } from './context.js'

const copyMs = 900_000

/**
 * Gives a node what it lacks, image by image, from nodes that have it. One that cannot be had is told and left out: a
 * node without it is better than none, and the next who looks at the cluster tries again.
 */
export async function copyImages(
  context: Pick<StepContext, 'record' | 'openNode'>,
  { node: name, images }: { readonly node: string; readonly images: readonly ImageToCopy[] },
  progress: Pick<Progress, 'note' | 'warn'>,
  signal: AbortSignal,
): Promise<void> {
  const node = await context.openNode(name, signal)
  // A disk that was kept has more than was known when the node was away.
  const { images: present, store } = await readNodeImages(node, signal)
  for (const image of images) {
    if (lackedImages([image], { name, pool: '' }, present).length === 0) continue
    progress.note(shortImageName(image.name))
    const isShared = lackedImages([image], { name, pool: '' }, store?.images ?? []).length === 0
    if (isShared && (await link(node, image, signal))) continue
    const fault = await copyFromAny(context, image, node, signal)
    if (fault === undefined) continue
    const short = shortImageName(image.name)
    progress.warn(
      `node "${name}" comes without image "${short}": ${fault.message}; load it again with ${clusterCommand('load', context.record, short)}`,
    )
  }
}

/** Whether the node took it from what it shares; one that cannot gets it as others do. */
async function link(node: NodeHandle, image: ImageToCopy, signal: AbortSignal): Promise<boolean> {
  try {
    await linkImages(node, [image.name], signal)
    return true
  } catch (error) {
    if (error instanceof KnestError && error.code === 'node-command') return false
    throw error
  }
}

/** Gives why none of the nodes could; throws what may pass. */
async function copyFromAny(
  { openNode }: Pick<StepContext, 'openNode'>,
  image: ImageToCopy,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<KnestError | undefined> {
  let fault: KnestError | undefined
  for (const from of image.from) {
    try {
      await copy(await openNode(from, signal), image, node, signal)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof KnestError)) throw error
      // Of one that says no itself more is known than of one that cannot be reached.
      if (fault?.code !== 'node-command') fault = error
    }
  }
  if (fault !== undefined && fault.code !== 'node-command') throw fault
  return fault
}

/** All is well when what came is what was wanted, whatever the sender had to say after that. */
async function copy(
  from: NodeHandle,
  { name, digest, id }: ImageToCopy,
  to: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const between = new PassThrough({ highWaterMark: 256 * 1024 })
  const limits = { timeoutMs: copyMs, signal }
  const exported = exportImage(from, name, between, limits).then(
    () => void between.end(),
    // The reader is told, and tells it.
    (error: unknown) => void between.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  try {
    const images = await importImages(to, between, { ...limits, id })
    if (!images.some((image) => image.name === name && image.digest === digest))
      throw new KnestError('node-command', `node "${from.name}" gave another image "${name}" than was loaded`)
  } finally {
    between.destroy()
    await exported
  }
}
