import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.js'

const oci = 'application/vnd.oci.image'
const mib = 1024 * 1024

/**
 * Gives `work` an OCI archive of an image whose layers are as many files of so many MiB that do not compress, and takes
 * it away afterwards.
 */
export async function withImageArchive<T>(
  image: string,
  { layers, mibEach }: { readonly layers: number; readonly mibEach: number },
  work: (archive: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'knest-bench-image-'))
  try {
    const blobs = join(folder, 'blobs', 'sha256')
    mkdirSync(blobs, { recursive: true })
    const keep = (bytes: Buffer): { digest: string; size: number } => {
      const hash = createHash('sha256').update(bytes).digest('hex')
      writeFileSync(join(blobs, hash), bytes)
      return { digest: `sha256:${hash}`, size: bytes.length }
    }
    const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
    const kept = []
    for (let index = 0; index < layers; index++) kept.push(keep(await layer(folder, index, mibEach)))
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
    const rootfs = { type: 'layers', diff_ids: kept.map(({ digest }) => digest) }
    const config = keep(json({ architecture, os: 'linux', config: {}, rootfs }))
    const manifest = keep(
      json({
        schemaVersion: 2,
        mediaType: `${oci}.manifest.v1+json`,
        config: { mediaType: `${oci}.config.v1+json`, ...config },
        layers: kept.map((each) => ({ mediaType: `${oci}.layer.v1.tar`, ...each })),
      }),
    )
    const named = { 'io.containerd.image.name': image }
    writeFileSync(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
    const manifests = [{ mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations: named }]
    writeFileSync(join(folder, 'index.json'), json({ schemaVersion: 2, manifests }))
    const archive = join(folder, 'image.tar')
    await run('tar', ['-C', folder, '-cf', archive, 'oci-layout', 'index.json', 'blobs'])
    rmSync(join(folder, 'blobs'), { recursive: true })
    return await work(archive)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function layer(folder: string, index: number, mibEach: number): Promise<Buffer> {
  const file = `layer-${index}`
  writeFileSync(join(folder, file), randomBytes(mibEach * mib))
  const archive = join(folder, `${file}.tar`)
  await run('tar', ['-C', folder, '-cf', archive, file])
  const bytes = readFileSync(archive)
  rmSync(join(folder, file))
  rmSync(archive)
  return bytes
}
