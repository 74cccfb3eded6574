import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import { redactText } from '../logs/index.js'
import { oneLine } from '../values/index.js'

/** What a node says of its own services and limits; undefined where it did not say. */
export interface NodeServices {
  /** `active` as systemctl says it. */
  readonly kubelet: string | undefined
  /** Whether it answers on its health port. */
  readonly kubeletHealthy: boolean
  readonly kubeletSaid: string | undefined
  readonly containerd: string | undefined
  readonly containerdAnswers: boolean
  /** How the manifests of its control plane were made. */
  readonly setUpBy: 'init' | 'join' | undefined
  /** Processes and threads, and how many there may be at most. */
  readonly processes: { readonly used: number; readonly limit: number } | undefined
  /** By interface. */
  readonly mtus: ReadonlyMap<string, number>
}

// Each line begins with what it is about. A service that hangs is given up by itself.
const question = `echo "kubelet $(systemctl is-active kubelet 2>/dev/null)"
echo "containerd $(systemctl is-active containerd 2>/dev/null)"
healthz() { exec 3<>/dev/tcp/127.0.0.1/10248 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3; }
export -f healthz
echo "kubelet-health $(timeout 2 bash -c healthz 2>/dev/null)" &
{ timeout 3 ctr --namespace k8s.io version >/dev/null 2>&1 && echo containerd-answers yes; } &
said=$(tail -n 1 /var/log/knest/kubelet.log 2>/dev/null || journalctl --unit kubelet --lines 1 --output cat 2>/dev/null)
echo "kubelet-said $said"
if [ -e /etc/kubernetes/knest-kubeadm.yaml ]; then
  grep -q '^kind: JoinConfiguration' /etc/kubernetes/knest-kubeadm.yaml && echo set-up join || echo set-up init
fi
for folder in /sys/fs/cgroup /sys/fs/cgroup/pids; do
  [ ! -e $folder/pids.max ] || echo "pids $(cat $folder/pids.current) $(cat $folder/pids.max)"
done 2>/dev/null
read -r _ _ _ threads _ </proc/loadavg
echo "threads \${threads#*/} $(cat /proc/sys/kernel/threads-max)"
echo "threads \${threads#*/} $(cat /proc/sys/kernel/pid_max)"
for file in /sys/class/net/*/mtu; do name=\${file%/mtu}; echo "mtu \${name##*/} $(cat "$file")"; done
wait
`

/** Asks a node by one command. */
export async function askServices(node: NodeHandle, signal: AbortSignal): Promise<NodeServices> {
  const options = { timeoutMs: 10_000, repeatable: true, signal }
  const { exitCode, stdout, stderr } = await node.execText(['bash', '-c', question], options)
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['look at its services'], exitCode, stderr)
  return parseServices(stdout)
}

const longest = 300

/** Pure. */
export function parseServices(text: string): NodeServices {
  const lines = text.split('\n').map((line) => {
    const [name = '', ...words] = line.trim().split(' ')
    return { name, words }
  })
  const all = (name: string): readonly (readonly string[])[] =>
    lines.filter((line) => line.name === name).map(({ words }) => words)
  const first = (name: string): string | undefined => all(name)[0]?.join(' ')
  const said = redactText(oneLine(first('kubelet-said') ?? '')).slice(0, longest)
  const setUpBy = first('set-up')
  return {
    kubelet: known(first('kubelet')),
    kubeletHealthy: first('kubelet-health')?.includes(' 200') === true,
    // What it says when all is well explains nothing.
    kubeletSaid: /^[IW]\d{4} /.test(said) ? undefined : known(said),
    containerd: known(first('containerd')),
    containerdAnswers: first('containerd-answers') === 'yes',
    setUpBy: setUpBy === 'init' || setUpBy === 'join' ? setUpBy : undefined,
    processes: nearest([...all('pids'), ...all('threads')]),
    mtus: new Map(all('mtu').map(([name = '', mtu]) => [name, Number(mtu)])),
  }
}

function known(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** The limit of which most is used up; `max` is none. */
function nearest(pairs: readonly (readonly string[])[]): NodeServices['processes'] {
  const found = pairs
    .map(([used, limit]) => ({ used: Number(used), limit: Number(limit) }))
    .filter(({ used, limit }) => Number.isFinite(used) && Number.isFinite(limit) && limit > 0)
  return found.sort((one, other) => other.used / other.limit - one.used / one.limit)[0]
}
