import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A program that says its word and stays. */
const source = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Stdout.WriteString(os.Args[1] + "\\n")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
`

export interface ImageFolder {
  readonly path: string
  /** Writes an OCI archive whose image says `word` when it runs; with so many more bytes that do not compress. */
  write(file: string, image: string | undefined, word: string, moreBytes?: number): string
  remove(): void
}

/** Makes images from nothing: a static program, and no registry. */
export function openImageFolder(): ImageFolder {
  const path = mkdtempSync(join(tmpdir(), 'knest-image-'))
  const root = join(path, 'root')
  mkdirSync(root)
  writeFileSync(join(path, 'main.go'), source)
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', join(root, 'stay'), join(path, 'main.go')], {
    env: { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' },
  })
  return {
    path,
    write: (file, image, word, moreBytes = 0) => {
      rmSync(join(root, 'more'), { force: true })
      if (moreBytes > 0) writeFileSync(join(root, 'more'), randomBytes(moreBytes))
      return writeArchive(path, root, { file, image, word })
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

interface Wanted {
  readonly file: string
  readonly image: string | undefined
  readonly word: string
}

function writeArchive(folder: string, root: string, { file, image, word }: Wanted): string {
  const layout = join(folder, `layout-${file}`)
  const blobs = join(layout, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const layer = join(folder, 'layer.tar')
  execFileSync('tar', ['-C', root, '-cf', layer, '.'])
  const keep = (bytes: Buffer): { digest: string; size: number } => {
    const hash = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hash), bytes)
    return { digest: `sha256:${hash}`, size: bytes.length }
  }
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const oci = 'application/vnd.oci.image'
  const kept = keep(readFileSync(layer))
  const config = keep(
    json({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['/stay', word] },
      rootfs: { type: 'layers', diff_ids: [kept.digest] },
    }),
  )
  const manifest = keep(
    json({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: { mediaType: `${oci}.config.v1+json`, ...config },
      layers: [{ mediaType: `${oci}.layer.v1.tar`, ...kept }],
    }),
  )
  const annotations = image === undefined ? {} : { 'io.containerd.image.name': image }
  writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(
    join(layout, 'index.json'),
    json({
      schemaVersion: 2,
      manifests: [{ mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations }],
    }),
  )
  const archive = join(folder, file)
  execFileSync('tar', ['-C', layout, '-cf', archive, 'oci-layout', 'index.json', 'blobs'])
  rmSync(layout, { recursive: true })
  rmSync(layer)
  return archive
}
