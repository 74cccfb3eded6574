import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeOciArchive } from '@knest/testing/oci-archive'

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
      const archive = join(path, file)
      writeOciArchive(archive, { name: image, layers: [root], command: ['/stay', word] })
      return archive
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
