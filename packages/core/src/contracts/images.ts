import type { Readable } from 'node:stream'

/** Container images on their way into a cluster, as `podman save` or `docker save` writes them. */
export interface ImageArchive {
  /** As in `image "app:dev"` or `archive "app.tar"`; for messages. */
  readonly title: string
  /** What is known of the only image in it: a node that has one of the names with this id needs no other. */
  readonly image?: { readonly names: readonly string[]; readonly id: string } | undefined
  /** Opens it. What fails while it is read is the stream's error. */
  open(signal: AbortSignal): Promise<Readable>
}

/** All nodes, or those that are named or are in one of the pools; the pool of control planes is `cp`. */
export interface NodeChoice {
  readonly pools?: readonly string[] | undefined
  readonly nodes?: readonly string[] | undefined
}

/** An image that belongs to a cluster: its nodes have it, also those that come later. */
export interface LoadedImage extends NodeChoice {
  /** As containerd has it, as in `docker.io/library/app:dev`. */
  readonly name: string
  /** Of its manifest. */
  readonly digest: string
  /** The engine's id of it; undefined when it came as an archive. */
  readonly id?: string | undefined
}

export interface LoadRequest extends NodeChoice {
  readonly archives: readonly ImageArchive[]
}

/** What became of one archive. */
export interface LoadOutcome {
  readonly title: string
  readonly images: readonly { readonly name: string; readonly digest: string }[]
  /** Names of the nodes that have it now. */
  readonly loaded: readonly string[]
  /** Names of those that had it before. */
  readonly had: readonly string[]
}

/** A loaded image and who has it. */
export interface ClusterImage {
  readonly name: string
  /** Undefined when no node has it. */
  readonly size: string | undefined
  readonly digest: string
  /** Names of the nodes that shall have it. */
  readonly wanted: readonly string[]
  /** Names of those that have it. */
  readonly present: readonly string[]
}
