import { pack } from 'tar-stream'

/** A file that a node receives. */
export interface NodeFile {
  /** Absolute. */
  readonly path: string
  readonly content: string
  readonly mode: number
}

export interface NodeLink {
  readonly path: string
  readonly target: string
}

/** Packs files for `tar -x -C /` on a node. Secrets travel this way, by stdin, never as arguments. */
export async function packBundle(entries: readonly (NodeFile | NodeLink)[]): Promise<Buffer> {
  const archive = pack()
  for (const entry of entries) {
    const name = entry.path.replace(/^\//, '')
    if ('target' in entry) archive.entry({ name, type: 'symlink', linkname: entry.target })
    else archive.entry({ name, mode: entry.mode }, entry.content)
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
