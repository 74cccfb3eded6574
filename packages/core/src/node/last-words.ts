import type { NodeHandle } from '../contracts/node-backend.js'
import { oneLine } from '../values/index.js'

const parts = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const

/** What a part of the control plane that does not run said last. */
export interface LastWords {
  readonly part: (typeof parts)[number]
  readonly node: string
  readonly said: string
}

// The newest log of each part of the control plane that has no process.
const question = `for part in ${parts.join(' ')}; do
pgrep -f "^$part( |$)" >/dev/null && continue
log=$(ls -t /var/log/pods/kube-system_"$part"-*/"$part"/*.log 2>/dev/null | head -1)
[ -n "$log" ] && echo "$part $(tail -n 1 "$log")"
done
exit 0
`

/** What the parts of the control plane of this node said last that do not run. */
export async function askLastWords(node: NodeHandle, signal: AbortSignal): Promise<readonly LastWords[]> {
  const options = { timeoutMs: 15_000, repeatable: true, signal }
  const { stdout } = await node.execText(['bash', '-c', question], options)
  return parseWords(node.name, stdout)
}

/** Of those without which there is no API, a sentence part each: others wait for it. */
export function silencers(words: readonly LastWords[]): readonly string[] {
  const found = words.filter(({ part }) => part === 'etcd' || part === 'kube-apiserver')
  return found.map(({ part, node, said }) => `${part} on "${node}" said last: ${said}`)
}

/** Lines of logs as the container runtime writes them, after the name of who wrote them. Pure. */
function parseWords(node: string, text: string): readonly LastWords[] {
  return text.split('\n').flatMap((line) => {
    const [, name, said] = /^(\S+) \S+ std(?:out|err) [FP] (.+)$/.exec(line) ?? []
    const part = parts.find((each) => each === name)
    return part === undefined || said === undefined ? [] : [{ part, node, said: wordsOf(said) }]
  })
}

/** A line of a log as the container runtime writes it, or as a program does. Pure. */
export function wordsOfLog(line: string): string {
  return wordsOf(/^\S+ std(?:out|err) [FP] (.+)$/.exec(line)?.[1] ?? line)
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
