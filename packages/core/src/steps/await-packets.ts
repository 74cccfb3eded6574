import { parseCniChoice } from '../addons/render.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError, NodeCommandError } from '../errors.js'
import { isReady } from '../nested-api/conditions.js'
import type { StepContext } from './context.js'

const podKind = { apiVersion: 'v1', kind: 'Pod' }
const dnsPods = { namespace: 'kube-system', labelSelector: 'k8s-app=kube-dns' }
/** A network that starts is there in a few seconds; on a busy machine a shell alone takes some. */
const patienceSeconds = 90
const trySeconds = 5
/** More than a packet holds on any network but a data centre's own: a path that takes small ones only is found. */
const largeBytes = 9_500

interface Target {
  readonly pod: string
  readonly ip: string
  readonly node: string
}

/**
 * Asks CoreDNS' own health port on another node until it answers, with a request of one packet and then one of several:
 * `none` when not even the first gets an answer.
 */
const question = `ask() {
  timeout "$3" bash -c 'exec 3<>"/dev/tcp/$0/8080" && printf "GET /health HTTP/1.1\r\nHost: dns\r\nConnection: close\r\nX-Fill: %0$1d\r\n\r\n" 0 >&3 && read -r answer <&3 && [[ $answer == HTTP/* ]]' "$1" "$2" 2>/dev/null
}
until ask "$1" ${largeBytes} "$3"; do
  if [ $SECONDS -ge "$2" ]; then ask "$1" 1 "$3" && echo small || echo none; exit; fi
  sleep 0.1
done
echo all`

/**
 * Waits until packets go from each node to another one: kubelets call a node Ready that no other can reach. Of networks
 * that knest sets up only. Nobody is asked where there is one node, or no CoreDNS.
 */
export async function awaitPackets(
  { record, openNode, timeoutFactor }: Pick<StepContext, 'record' | 'openNode' | 'timeoutFactor'>,
  api: KubeApi,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { network } = record.spec
  const { kind } = parseCniChoice(network.cni)
  if (names.length < 2 || kind === 'none' || kind === 'manifest') return
  const factor = await timeoutFactor()
  const readyTargets = async (): Promise<readonly Target[]> =>
    (await api.list(podKind, { ...dnsPods, signal })).flatMap(targetOf)
  const findCut = async (targets: readonly Target[]): Promise<Cut | undefined> => {
    const cuts = await Promise.all(
      names.map(async (name) => {
        const target = targets.find(({ node }) => node !== name)
        if (target === undefined) return undefined
        const got = await ask(await openNode(name, signal), target, factor, signal)
        return got === 'all' ? undefined : { name, target, small: got === 'small' }
      }),
    )
    return cuts.find((each) => each !== undefined)
  }
  let targets = await readyTargets()
  let cut = await findCut(targets)
  while (cut !== undefined) {
    const { pod, ip } = cut.target
    targets = await readyTargets()
    if (targets.some((each) => each.pod === pod && each.ip === ip)) break
    // Who was asked is no more: that it is silent says nothing.
    cut = await findCut(targets)
  }
  if (cut === undefined) return
  const to = `"${cut.target.pod}" (${cut.target.ip}) on node "${cut.target.node}"`
  if (cut.small)
    throw new KnestError('prerequisite', `only small packets go from node "${cut.name}" to pod ${to}`, {
      hint: `the host's network takes less than the MTU of its pods says: use a smaller network.mtu than ${network.mtu}, or set the host's right`,
    })
  throw new KnestError('prerequisite', `no packet goes from node "${cut.name}" to pod ${to}`, {
    hint: `let UDP port ${network.vxlanPort} through between the nodes' pods or VMs: NetworkPolicies and firewalls of the host; then run the command again`,
  })
}

interface Cut {
  readonly name: string
  readonly target: Target
  /** Packets go, but for large ones. */
  readonly small: boolean
}

function targetOf(pod: KubeObject): readonly Target[] {
  const { podIP: ip } = (pod.status ?? {}) as { podIP?: string }
  const { nodeName: node } = (pod.spec ?? {}) as { nodeName?: string }
  if (ip === undefined || node === undefined || !isReady(pod)) return []
  return [{ pod: pod.metadata.name, ip, node }]
}

async function ask(
  node: NodeHandle,
  { ip }: Target,
  factor: number,
  signal: AbortSignal,
): Promise<'all' | 'small' | 'none'> {
  const [patience, each] = [Math.ceil(patienceSeconds * factor), Math.ceil(trySeconds * factor)]
  const argv = ['bash', '-c', question, 'ask', ip, String(patience), String(each)]
  const limits = { timeoutMs: (patience + 2 * each + 30) * 1_000, signal, repeatable: true }
  const { exitCode, stdout, stderr } = await node.execText(argv, limits)
  const got = stdout.trim()
  if (exitCode !== 0 || (got !== 'all' && got !== 'small' && got !== 'none'))
    throw new NodeCommandError(node.name, ['asking CoreDNS on another node'], exitCode, stderr)
  return got
}
