import type { ExecLimits, ExecOptions, NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { collectText } from '../streams/index.js'

/** An image that knest has loaded into a node. */
export interface NodeImage {
  readonly name: string
  readonly digest: string
  /** As containerd shows it, as in `12.3 MiB`. */
  readonly size: string
  /** The id that the engine knew it by; undefined when it came as an archive. */
  readonly id: string | undefined
}

/** What nodes that are pods of one machine share: each image is there once, unpacked (decision 0022). */
export interface SharedStore {
  /** The same on all nodes that share it. */
  readonly id: string
  readonly images: readonly Pick<NodeImage, 'name' | 'digest' | 'id'>[]
}

export interface NodeImages {
  readonly images: readonly NodeImage[]
  /** Undefined on a node that shares nothing: a VM, one with a disk of its own, one of an older image. */
  readonly store: SharedStore | undefined
}

/** On containerd's image: what it was loaded from. Set when it is there and unpacked, so without it nothing counts. */
const loadedLabel = 'knest.dev/loaded'
const fromArchive = 'archive'

/** kubelet removes images when the disk becomes full, and leaves those that are pinned. */
const pinned = 'io.cri-containerd.pinned=pinned'

const ctr = 'ctr --namespace k8s.io images'
const listing = `${ctr} ls 'labels."${loadedLabel}"'\n`
const listMs = 30_000
const linkMs = 120_000

/** The node image's program for what nodes share; other nodes do not have it, or it says that nothing is shared. */
const sharing = 'knest-images'
const listingAll = `${listing}${sharing} store 2>/dev/null || true\n`

/** containerd's images that knest has loaded, and those of the store that the node shares with others. */
export async function readNodeImages(node: NodeHandle, signal: AbortSignal): Promise<NodeImages> {
  const argv = ['bash', '-c', listingAll]
  const options = { timeoutMs: listMs, repeatable: true, signal }
  const { exitCode, stdout, stderr } = await node.execText(argv, options)
  if (exitCode !== 0) throw failed(node, 'list its images', stderr)
  return { images: parseNodeImages(stdout), store: parseStore(stdout) }
}

export function parseStore(text: string): SharedStore | undefined {
  const [, id] = /^store (\S+)$/m.exec(text) ?? []
  if (id === undefined) return undefined
  const images = [...text.matchAll(/^shared (\S+) (sha256:[0-9a-f]+) (\S+)$/gm)]
  return {
    id,
    images: images.map(([, name = '', digest = '', from]) => ({
      name,
      digest,
      id: from === fromArchive ? undefined : from,
    })),
  }
}

export function parseNodeImages(text: string): readonly NodeImage[] {
  const line = /^(\S+)\s+\S+\s+(sha256:[0-9a-f]+)\s+(\S+ [KMGT]?i?B|\S+)\s+\S+\s+(\S+)\s*$/gm
  return [...text.matchAll(line)].flatMap(([, name = '', digest = '', size = '', labels = '']) => {
    const from = labels
      .split(',')
      .find((label) => label.startsWith(`${loadedLabel}=`))
      ?.slice(loadedLabel.length + 1)
    return from === undefined ? [] : [{ name, digest, size, id: from === fromArchive ? undefined : from }]
  })
}

/**
 * Into the store of several nodes where there is one. containerd says the name of each image that it has unpacked; one
 * that has only a tag gets a name made of the date.
 */
const importing = `set -o pipefail
if ${sharing} store >/dev/null 2>&1; then ${sharing} import "$1" || exit; ${listing}exit; fi
names=$(if [ "$2" = gzip ]; then gzip -dc | ${ctr} import -; else ${ctr} import -; fi | sed -n 's/^unpacking \\(\\S*\\) (sha256:.*/\\1/p') || exit
for name in $names; do
  case $name in import-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]:*) ${ctr} rm "$name" >&2; continue ;; esac
  ${ctr} label "$name" ${loadedLabel}="$1" ${pinned} >/dev/null || exit
  echo "loaded $name"
done
${listing}`

interface ImportOptions {
  /** The engine's id of the only image in it. */
  readonly id?: string | undefined
  /** containerd's client does not see that by itself. */
  readonly isGzip?: boolean
}

/** Reads an archive of images into a node, as fast as the node unpacks it. Gives the images that were in it. */
export async function importImages(
  node: NodeHandle,
  archive: NonNullable<ExecOptions['stdin']>,
  { id, isGzip = false, ...limits }: ExecLimits & ImportOptions,
): Promise<readonly NodeImage[]> {
  const argv = ['bash', '-c', importing, 'import', id ?? fromArchive, isGzip ? 'gzip' : 'plain']
  const { exitCode, stdout, stderr } = await collectText((output) =>
    node.exec(argv, { ...limits, ...output, stdin: archive }),
  )
  if (exitCode !== 0) throw failed(node, 'import images', stderr)
  const names = [...stdout.matchAll(/^loaded (\S+)$/gm)].map(([, name]) => name)
  return parseNodeImages(stdout).filter(({ name }) => names.includes(name))
}

/** Gives a node images of the store that it shares: nothing is copied. Done again it does nothing. */
export async function linkImages(
  node: NodeHandle,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const options = { timeoutMs: linkMs, repeatable: true, signal }
  const { exitCode, stderr } = await node.execText([sharing, 'link', ...names], options)
  if (exitCode !== 0) throw failed(node, 'take images that it shares', stderr)
}

/** Layers that nodes share are in no content store of containerd. */
const exporting = `if command -v ${sharing} >/dev/null; then
  ${sharing} export "$1" && exit
  code=$?
  [ $code = 3 ] || exit $code
fi
exec ${ctr} export - "$1"
`

/** Writes an image of the node as an archive; resolves when all of it was written. */
export async function exportImage(
  node: NodeHandle,
  image: string,
  to: ExecOptions['stdout'],
  limits: ExecLimits,
): Promise<void> {
  const argv = ['bash', '-c', exporting, 'export', image]
  const { exitCode, stderr } = await collectText(({ stderr: said }) =>
    node.exec(argv, { ...limits, stdout: to, stderr: said }),
  )
  if (exitCode !== 0) throw failed(node, `export image "${image}"`, stderr)
}

/** Names by which CRI knows the same image go with its last name: containerd keeps the content while any is left. */
const removing = `for name; do
  digest=$(${ctr} ls "name==$name" | awk 'NR > 1 { print $3 }')
  [ -n "$digest" ] || continue
  ${ctr} rm --sync "$name" >/dev/null || exit
  left=$(${ctr} ls "target.digest==$digest" | awk 'NR > 1 { print $1 }')
  if [ -n "$left" ] && ! grep -qv '^sha256:' <<<"$left"; then ${ctr} rm --sync $left >/dev/null || exit; fi
done
if command -v ${sharing} >/dev/null; then ${sharing} rm "$@" || [ $? = 3 ] || exit; fi
`

/** Takes names of images off a node; those that it does not have are gone already. */
export async function removeNodeImages(
  node: NodeHandle,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const argv = ['bash', '-c', removing, 'remove', ...names]
  const { exitCode, stderr } = await node.execText(argv, { timeoutMs: 120_000, signal })
  if (exitCode !== 0) throw failed(node, 'remove images', stderr)
}

/** Deletes what the nodes of the cluster share on the machine of this one, before the nodes go. */
export async function clearSharedStore(node: NodeHandle, signal: AbortSignal): Promise<void> {
  const script = `if command -v ${sharing} >/dev/null; then ${sharing} clear || [ $? = 3 ]; fi`
  const options = { timeoutMs: 60_000, repeatable: true, signal }
  const { exitCode, stderr } = await node.execText(['bash', '-c', script, 'clear'], options)
  if (exitCode !== 0) throw failed(node, 'delete the images that it shares', stderr)
}

/** containerd's client says in one line what is the matter. */
function failed({ name }: NodeHandle, doing: string, stderr: string): KnestError {
  const said =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^(ctr|knest-images): /, '') ?? ''
  return new KnestError('node-command', `node "${name}" could not ${doing}: ${said || 'it did not say why'}`)
}
