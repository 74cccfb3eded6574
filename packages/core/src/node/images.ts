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

/** On containerd's image: what it was loaded from. Set when it is there and unpacked, so without it nothing counts. */
const loadedLabel = 'knest.dev/loaded'
const fromArchive = 'archive'

/** kubelet removes images when the disk becomes full, and leaves those that are pinned. */
const pinned = 'io.cri-containerd.pinned=pinned'

const ctr = 'ctr --namespace k8s.io images'
const listing = `${ctr} ls 'labels."${loadedLabel}"'\n`
const listMs = 30_000

/** containerd's images that knest has loaded. */
export async function readNodeImages(node: NodeHandle, signal: AbortSignal): Promise<readonly NodeImage[]> {
  const argv = ['bash', '-c', listing]
  const options = { timeoutMs: listMs, repeatable: true, signal }
  const { exitCode, stdout, stderr } = await node.execText(argv, options)
  if (exitCode !== 0) throw failed(node, 'list its images', stderr)
  return parseNodeImages(stdout)
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

/** containerd says the name of each image that it has unpacked. One that has only a tag gets a name made of the date. */
const importing = `set -o pipefail
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

/** Writes an image of the node as an archive; resolves when all of it was written. */
export async function exportImage(
  node: NodeHandle,
  image: string,
  to: ExecOptions['stdout'],
  limits: ExecLimits,
): Promise<void> {
  const argv = ['ctr', '--namespace', 'k8s.io', 'images', 'export', '-', image]
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

/** containerd's client says in one line what is the matter. */
function failed({ name }: NodeHandle, doing: string, stderr: string): KnestError {
  const said =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ctr: /, '') ?? ''
  return new KnestError('node-command', `node "${name}" could not ${doing}: ${said || 'it did not say why'}`)
}
