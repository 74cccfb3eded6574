import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execFileSync } from 'node:child_process'
import type { ImageFolder } from './image-archive.js'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

export interface Registry {
  /** As in `10.89.0.1:40000`. */
  readonly host: string
  /** Paths of manifests that were asked for, and given. */
  readonly served: string[]
  close(): Promise<void>
}

/**
 * A registry of this process that has the image of an archive under every name, on the address by which nodes reach
 * this machine. With a login it gives nothing to anybody else.
 */
export async function openRegistry(
  address: string,
  folder: ImageFolder,
  archive: string,
  login?: string,
): Promise<Registry> {
  const blobs = blobsOf(folder, archive)
  const manifest = blobs.get(blobs.get('index')?.toString() ?? '') ?? Buffer.alloc(0)
  const served: string[] = []
  const authorization = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  const server = createServer((asked, answer) => {
    if (authorization !== undefined && asked.headers.authorization !== authorization) {
      answer.writeHead(401, { 'www-authenticate': 'Basic realm="e2e"' }).end()
      return
    }
    const [, kind, reference = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^?]+)/.exec(asked.url ?? '') ?? []
    const content = kind === 'manifests' ? manifest : blobs.get(reference)
    if (kind === undefined || content === undefined) {
      answer.writeHead(asked.url?.startsWith('/v2/?') === true || asked.url === '/v2/' ? 200 : 404).end()
      return
    }
    if (kind === 'manifests') served.push(asked.url ?? '')
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    const type = kind === 'manifests' ? manifestType : 'application/octet-stream'
    answer.writeHead(200, {
      'content-type': type,
      'content-length': content.length,
      'docker-content-digest': digest,
    })
    answer.end(asked.method === 'HEAD' ? undefined : content)
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `${address}:${port}`,
    served,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** By digest; `index` is the digest of the only manifest. */
function blobsOf(folder: ImageFolder, archive: string): ReadonlyMap<string, Buffer> {
  const read = (name: string): Buffer =>
    execFileSync('tar', ['-xOf', archive, name], { cwd: folder.path, maxBuffer: 64 * 1024 * 1024 })
  const names = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).split('\n')
  const index = JSON.parse(read('index.json').toString()) as { manifests: readonly { digest: string }[] }
  const blobs = names.flatMap((name): [string, Buffer][] => {
    const hash = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1]
    return hash === undefined ? [] : [[`sha256:${hash}`, read(name)]]
  })
  return new Map([...blobs, ['index', Buffer.from(index.manifests[0]?.digest ?? '')]])
}
