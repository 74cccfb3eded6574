import type { NodeHandle } from '../contracts/node-backend.js'
import { oneLine } from '../values/index.js'

// The newest log of each part of the control plane that has no process.
const question = `for part in etcd kube-apiserver; do
pgrep -f "^$part( |$)" >/dev/null && continue
log=$(ls -t /var/log/pods/kube-system_"$part"-*/"$part"/*.log 2>/dev/null | head -1)
[ -n "$log" ] && echo "$part $(tail -n 1 "$log")"
done
exit 0
`

/** What etcd and the API server of this node said last, a sentence each, where they do not run. */
export async function askLastWords(node: NodeHandle, signal: AbortSignal): Promise<readonly string[]> {
  const options = { timeoutMs: 15_000, repeatable: true, signal }
  const { stdout } = await node.execText(['bash', '-c', question], options)
  return parseWords(node.name, stdout)
}

/** Lines of logs as the container runtime writes them, after the name of who wrote them. Pure. */
function parseWords(node: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, part, said] = /^(etcd|kube-apiserver) \S+ std(?:out|err) [FP] (.+)$/.exec(line) ?? []
    return said === undefined ? [] : [`${part ?? ''} on "${node}" said last: ${wordsOf(said)}`]
  })
}

const longest = 300

/** What is said, without who says it where in its program. */
function wordsOf(said: string): string {
  const { msg, error } = fields(said)
  if (msg !== undefined) return oneLine([msg, error].filter(Boolean).join(': ')).slice(0, longest)
  const [, klog = said] = /^[IWEF]\d{4} \S+\s+\d+ \S+\] (.+)$/.exec(said) ?? []
  return oneLine(klog).slice(0, longest)
}

function fields(said: string): { readonly msg?: string; readonly error?: string } {
  try {
    const found: unknown = JSON.parse(said)
    return typeof found === 'object' && found !== null ? found : {}
  } catch {
    return {}
  }
}
