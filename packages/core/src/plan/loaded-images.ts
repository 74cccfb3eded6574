import type { LoadedImage, NodeChoice } from '../contracts/images.js'

interface PooledNode {
  readonly name: string
  readonly pool: string
}

/** True when the choice is of all nodes, of this one, or of its pool. */
export function isChosen({ pools, nodes }: NodeChoice, { name, pool }: PooledNode): boolean {
  if (pools === undefined && nodes === undefined) return true
  return pools?.includes(pool) === true || nodes?.includes(name) === true
}

/** The images that a node shall have; of one name the one that was loaded last. Pure. */
export function wantedImages(images: readonly LoadedImage[], node: PooledNode): readonly LoadedImage[] {
  const byName = new Map(
    images.filter((image) => isChosen(image, node)).map((image) => [image.name, image] as const),
  )
  return [...byName.values()]
}

/** Those, with what was loaded now; what it takes the place of is no more. Pure. */
export function withImages(
  images: readonly LoadedImage[],
  added: readonly LoadedImage[],
): readonly LoadedImage[] {
  return added.reduce<readonly LoadedImage[]>(
    (list, image) => [...list.filter((old) => !replaces(image, old)), image],
    images,
  )
}

function replaces(image: LoadedImage, old: LoadedImage): boolean {
  if (image.name !== old.name) return false
  if (image.pools === undefined && image.nodes === undefined) return true
  if (old.pools === undefined && old.nodes === undefined) return false
  const covers = (more: readonly string[] = [], fewer: readonly string[] = []): boolean =>
    fewer.every((each) => more.includes(each))
  return covers(image.pools, old.pools) && covers(image.nodes, old.nodes)
}

/** An image that a node has. */
export interface PresentImage {
  readonly name: string
  readonly digest: string
}

/** Those of the wanted images that the node lacks. Pure. */
export function lackedImages(
  images: readonly LoadedImage[],
  node: PooledNode,
  present: readonly PresentImage[],
): readonly LoadedImage[] {
  return wantedImages(images, node).filter(
    ({ name, digest }) => !present.some((image) => image.name === name && image.digest === digest),
  )
}

/** An image that a node lacks. */
export interface ImageToCopy extends PresentImage {
  /** What the container engine knew it by. */
  readonly id?: string | undefined
  /** Nodes that have it, those first that stay. */
  readonly from: readonly string[]
}
