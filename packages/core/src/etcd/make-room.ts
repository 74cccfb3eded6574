import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { etcdctl } from './etcdctl.js'

/** How large the data of the largest member is, and how large it may become. */
export interface EtcdSize {
  readonly bytes: number
  /** Undefined when etcd does not say. */
  readonly quotaBytes: number | undefined
}

// Old revisions go first, then each member gives back what they took, one after the other: it answers nobody
// meanwhile. What is compacted already is no fault.
const script = `ctl=("\${@}" --dial-timeout=2s)
ask() { "\${ctl[@]}" --write-out=json "\${@}"; }
urls=$("\${ctl[@]}" --command-timeout=5s --write-out=json member list | grep -o '"clientURLs":\\["[^"]*"' | cut -d'"' -f4)
all=$(paste -sd, <<<"$urls")
revision=$(ask --command-timeout=5s endpoint status | grep -o '"revision":[0-9]*' | head -1 | cut -d: -f2)
said=$("\${ctl[@]}" --command-timeout=60s compact --physical "$revision" 2>&1) ||
  [[ $said == *compacted* ]] || { echo "$said" >&2; exit 1; }
for url in $urls; do "\${ctl[@]}" --command-timeout=120s --endpoints="$url" defrag >&2 || exit; done
ask --command-timeout=5s --endpoints="$all" endpoint status
`

/** Takes what is not data any more out of all members of etcd, asked on one of their nodes. Repeatable. */
export async function makeRoom(node: NodeHandle, signal: AbortSignal): Promise<EtcdSize> {
  const argv = ['bash', '-c', script, 'room', ...etcdctl]
  const { exitCode, stdout, stderr } = await node.execText(argv, { timeoutMs: 600_000, signal })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['make room in etcd'], exitCode, stderr)
  return parseSize(stdout)
}

/** Has etcd take data again. */
export async function endAlarms(node: NodeHandle, signal: AbortSignal): Promise<void> {
  const argv = [...etcdctl, 'alarm', 'disarm']
  const { exitCode, stderr } = await node.execText(argv, { timeoutMs: 30_000, repeatable: true, signal })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['end the alarms of etcd'], exitCode, stderr)
}

/** To the next whole MiB, as `2048Mi`. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}Mi`
}

/** What `etcdctl endpoint status` says. Pure. */
export function parseSize(text: string): EtcdSize {
  const statuses = JSON.parse(text) as readonly {
    readonly Status: { readonly dbSize?: number; readonly dbSizeQuota?: number }
  }[]
  const quotas = statuses.flatMap(({ Status }) => Status.dbSizeQuota ?? [])
  return {
    bytes: Math.max(0, ...statuses.map(({ Status }) => Status.dbSize ?? 0)),
    quotaBytes: quotas.length === 0 ? undefined : Math.min(...quotas),
  }
}
