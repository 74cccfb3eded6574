import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ExecOptions, ExecResult } from '@knest/core'

/** Images of a node in memory, by name. */
export type FakeImageStore = Map<string, { readonly digest: string; readonly from: string }>

/** What nodes of one machine share: its images are there once, and nodes take them without a copy. */
export interface FakeSharedStore {
  readonly id: string
  readonly images: FakeImageStore
}

/** What the fake takes for an archive: a line for each image. Without the last line it was cut off. */
export function fakeArchive(...images: readonly (readonly [name: string, digest: string])[]): string {
  return [...images.map(([name, digest]) => `${name} sha256:${digest}`), 'end', ''].join('\n')
}

/** What ctr in core's scripts would do; undefined when the command is none about images. `imported` is told names. */
export async function answerOfContainerd(
  store: FakeImageStore,
  argv: readonly string[],
  stdin: ExecOptions['stdin'],
  imported: (names: readonly string[]) => Promise<void>,
  shared?: FakeSharedStore,
): Promise<ExecResult | undefined> {
  const [program = '', , script = '', word = ''] = argv
  if (program === 'knest-images') {
    for (const name of argv.slice(2)) {
      const image = shared?.images.get(name)
      if (image === undefined) return failed(`image "${name}": not found`)
      store.set(name, image)
    }
    return said('')
  }
  if (word === 'clear') {
    shared?.images.clear()
    return said('')
  }
  if (!script.includes('ctr --namespace k8s.io images')) return undefined
  if (word === 'export') {
    const name = argv.at(-1) ?? ''
    const image = store.get(name)
    if (image === undefined) return failed(`image "${name}": not found`)
    return said(`${name} ${image.digest}\nend\n`)
  }
  if (word === 'import') {
    const archive = stdin instanceof Readable ? await text(stdin) : String(stdin ?? '')
    if (!archive.endsWith('end\n')) return failed('unexpected EOF')
    const images = [...archive.matchAll(/^(\S+) (sha256:\S+)$/gm)]
    const names = images.map(([, name = '']) => name)
    await imported(names)
    for (const [, name = '', digest = ''] of images)
      for (const each of [store, shared?.images]) each?.set(name, { digest, from: argv[4] ?? '' })
    return said(`${names.map((name) => `loaded ${name}\n`).join('')}${listing(store)}`)
  }
  if (word === 'remove') {
    for (const name of argv.slice(4)) for (const each of [store, shared?.images]) each?.delete(name)
    return said('')
  }
  return said(`${listing(store)}${shared === undefined ? '' : sharedListing(shared)}`)
}

function sharedListing({ id, images }: FakeSharedStore): string {
  const lines = [...images].map(([name, { digest, from }]) => `shared ${name} ${digest} ${from}\n`)
  return `store ${id}\n${lines.join('')}`
}

function listing(store: FakeImageStore): string {
  const lines = [...store].map(
    ([name, { digest, from }]) =>
      `${name} application/vnd.oci.image.manifest.v1+json ${digest} 1.0 MiB linux/amd64 io.cri-containerd.image=managed,knest.dev/loaded=${from}\n`,
  )
  return `REF TYPE DIGEST SIZE PLATFORMS LABELS\n${lines.join('')}`
}

function said(stdout: string): ExecResult {
  return { exitCode: 0, stdout, stderr: '' }
}

function failed(why: string): ExecResult {
  return { exitCode: 1, stdout: '', stderr: `ctr: ${why}\n` }
}
