import type { NodeHandle } from '../contracts/node-backend.js'
import { NodeCommandError } from '../errors.js'
import type { DiskState } from './disk.js'
import { diskQuestion, initialMemberMarker } from './disk.js'
import { registriesQuestion } from './registries.js'
import { settingsQuestion } from './settings.js'

/** Tells that an upgrade of the node has begun; holds `cordoned` when the node was so before. */
export const upgradingMarker = '/var/lib/knest/upgrading'

/** etcd makes its log under another name, and has nothing before: without one it would begin a new cluster. */
export const memberData = '/var/lib/etcd/member/wal/*.wal'

const apiServerManifest = '/etc/kubernetes/manifests/kube-apiserver.yaml'

export interface NodeState {
  readonly disk: DiskState
  /** Of Kubernetes' programs on the node; undefined when its image does not tell. */
  readonly version: string | undefined
  /** An upgrade has begun, or what kubelet is to start is of another version than the programs that are there. */
  readonly upgrading: boolean
  /**
   * Names of the control planes that the etcd on this disk began with, while its set-up has not come to its end.
   * Undefined when the disk does not tell, as one that an earlier version began.
   */
  readonly initialMembers: readonly string[] | undefined
  /** etcd has data on this disk, whole enough to start with. */
  readonly hasMember: boolean
  /** Digest of what knest wrote of registries; undefined when it wrote nothing. */
  readonly registries: string | undefined
  /** Digest of the settings that the last change gave it; undefined when none did, or has not come to its end. */
  readonly settings: string | undefined
}

/**
 * Bash lines that print the NodeState, a word or two on each line. kubelet could say its version too, but takes
 * a quarter of a second for it.
 */
export const stateQuestion = `${diskQuestion}sed -n 's|.*/kube-apiserver:v|version |p' /usr/share/knest/store/images 2>/dev/null
sed -n 's|.*image: .*/kube-apiserver:v|manifests |p' ${apiServerManifest} 2>/dev/null
[ ! -e ${upgradingMarker} ] || echo upgrading
sed -n 's|^.|initial &|p' ${initialMemberMarker} 2>/dev/null || true
! compgen -G '${memberData}' >/dev/null || echo member
${registriesQuestion}${settingsQuestion}`

/** Asks the node what was set up on its disk and what it runs. */
export async function readNodeState(node: NodeHandle, signal: AbortSignal): Promise<NodeState> {
  const argv = ['bash', '-c', stateQuestion]
  const { exitCode, stdout, stderr } = await node.execText(argv, {
    timeoutMs: 15_000,
    repeatable: true,
    signal,
  })
  if (exitCode !== 0) throw new NodeCommandError(node.name, ['look at the disk'], exitCode, stderr)
  return parseNodeState(stdout)
}

export function parseNodeState(text: string): NodeState {
  const [disk = 'empty', ...lines] = text.trim().split('\n')
  const after = (word: string): string | undefined =>
    lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1)
  const [version, manifests] = [after('version'), after('manifests')]
  // A node that was made again during an upgrade has the new image, and nobody has begun with it.
  const isMixed = version !== undefined && manifests !== undefined && version !== manifests
  return {
    disk: disk as DiskState,
    version,
    upgrading: lines.includes('upgrading') || isMixed,
    initialMembers: after('initial')?.split(' '),
    hasMember: lines.includes('member'),
    registries: after('registries'),
    settings: after('settings'),
  }
}
