import { execText } from 'knest/kube'
import type { StandaloneCluster } from './standalone.js'
import { never } from './cluster.js'

/** Everything but what the kernel shows, mounts of Secrets and volumes included; no file of a key is large. */
const search = `wanted=$(cat)
find / \\( -fstype proc -o -fstype sysfs \\) -prune -o -type f -size -256k -print0 |
  xargs -0 grep -hosF -e "$wanted" | sort -u || true`

/**
 * The authorities' files by their names in the cluster's Secret, those of which a node has a copy anywhere under any
 * name: they are known by a line of what is in them.
 */
export async function authorityFilesOn(
  { host, namespace }: StandaloneCluster,
  cluster: string,
  node: string,
): Promise<readonly string[]> {
  const secret = await host.get({ apiVersion: 'v1', kind: 'Secret' }, `${cluster}-pki`, namespace, never)
  const files = Object.entries((secret?.data ?? {}) as Readonly<Record<string, string>>)
  const lines = new Map(
    files.map(([file, data]) => [file, Buffer.from(data, 'base64').toString().split('\n')[2] ?? '']),
  )
  const tooShort = [...lines].filter(([, line]) => line.length < 40)
  if (lines.size === 0 || tooShort.length > 0)
    throw new Error(`no files with contents to look for: ${tooShort.map(([file]) => file).join(', ')}`)
  const { exitCode, stdout, stderr } = await execText(
    host,
    { namespace, name: `${node}-0` },
    ['bash', '-uo', 'pipefail', '-c', search],
    { stdin: Buffer.from([...lines.values()].join('\n')), timeoutMs: 120_000, signal: never },
  )
  if (exitCode !== 0) throw new Error(`the search on "${node}" ended with ${exitCode}: ${stderr}`)
  const found = new Set(stdout.split('\n'))
  return [...lines].flatMap(([file, line]) => (found.has(line) ? [file] : [])).sort()
}
