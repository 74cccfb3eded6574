import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const oci = 'application/vnd.oci.image'

interface OciImage {
  /** Absent: the archive names none. */
  readonly name?: string | undefined
  /** Folders whose content are the layers, lowest first. Each is read before the next is asked for. */
  readonly layers: Iterable<string>
  readonly command?: readonly string[]
}

/** Writes an OCI archive of one image of this machine's architecture, from nothing but the files of its layers. */
export function writeOciArchive(archive: string, { name, layers, command }: OciImage): void {
  const layout = mkdtempSync(join(tmpdir(), 'knest-oci-'))
  try {
    const blobs = join(layout, 'blobs', 'sha256')
    mkdirSync(blobs, { recursive: true })
    const keep = (bytes: Buffer): { digest: string; size: number } => {
      const hash = createHash('sha256').update(bytes).digest('hex')
      writeFileSync(join(blobs, hash), bytes)
      return { digest: `sha256:${hash}`, size: bytes.length }
    }
    const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
    const kept = Array.from(layers, (folder) => keep(packed(folder, join(layout, 'layer.tar'))))
    const config = keep(
      json({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config: { Cmd: command },
        rootfs: { type: 'layers', diff_ids: kept.map(({ digest }) => digest) },
      }),
    )
    const manifest = keep(
      json({
        schemaVersion: 2,
        mediaType: `${oci}.manifest.v1+json`,
        config: { mediaType: `${oci}.config.v1+json`, ...config },
        layers: kept.map((each) => ({ mediaType: `${oci}.layer.v1.tar`, ...each })),
      }),
    )
    const annotations = name === undefined ? {} : { 'io.containerd.image.name': name }
    const manifests = [{ mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations }]
    writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
    writeFileSync(join(layout, 'index.json'), json({ schemaVersion: 2, manifests }))
    execFileSync('tar', ['-C', layout, '-cf', archive, 'oci-layout', 'index.json', 'blobs'])
  } finally {
    rmSync(layout, { recursive: true })
  }
}

function packed(folder: string, file: string): Buffer {
  execFileSync('tar', ['-C', folder, '-cf', file, '.'])
  const bytes = readFileSync(file)
  rmSync(file)
  return bytes
}
