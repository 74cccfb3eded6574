import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { etcdctl, hexId, parseWithIds } from './etcdctl.js'
import { parseMembers } from './members.js'
import type { EtcdMember } from './members.js'

export interface EtcdMemberHealth extends EtcdMember {
  /** It answers and takes part; a learner only answers. */
  readonly healthy: boolean
  readonly leader: boolean
  /** Undefined when it does not answer. */
  readonly dbSizeBytes: number | undefined
  /** Its alarms, in etcd's words: `NOSPACE`, `CORRUPT`. Absent when it has none. */
  readonly alarms?: readonly string[] | undefined
}

export interface EtcdHealth {
  readonly members: readonly EtcdMemberHealth[]
  /** Who told; undefined when nobody could. */
  readonly by: NodeHandle | undefined
  /** Why no control plane could be asked; undefined when one could. */
  readonly problem: string | undefined
}

// A member list that needs no quorum, then both questions to all that are in it, at once: etcdctl would ask
// for the status of one after another and wait for each that is silent. Those make the exit code 1 and are
// missing in the answer, which is what there is to know. Lines this short are written in one piece.
const script = `ctl=("\${@}" --dial-timeout=2s --command-timeout=3s --write-out=json)
list=$("\${ctl[@]}" member list --consistency=s --hex) || exit
echo "$list"
ask() {
  local answer
  answer=$("\${ctl[@]}" "\${@}" 2>/dev/null)
  echo "$answer"
}
urls=$(grep -o '"clientURLs":\\["[^"]*"' <<<"$list" | cut -d'"' -f4)
for url in $urls; do ask --endpoints="$url" endpoint status & done
ask --endpoints="$(paste -sd, <<<"$urls")" endpoint health &
wait
exit 0
`

/** Asks the control planes in turn until one tells about all members; a single command on it. */
export async function etcdHealth(nodes: readonly NodeHandle[], signal: AbortSignal): Promise<EtcdHealth> {
  let problem = 'no control plane runs'
  for (const node of nodes) {
    try {
      return { members: await ask(node, signal), by: node, problem: undefined }
    } catch (error) {
      signal.throwIfAborted()
      problem = error instanceof Error ? error.message : String(error)
    }
  }
  return { members: [], by: undefined, problem }
}

async function ask(node: NodeHandle, signal: AbortSignal): Promise<readonly EtcdMemberHealth[]> {
  const argv = ['bash', '-c', script, 'health', ...etcdctl]
  const { exitCode, stdout, stderr } = await node.execText(argv, {
    timeoutMs: 30_000,
    repeatable: true,
    signal,
  })
  if (exitCode === 0) return parseHealth(stdout)
  const said = stderr.trim().split('\n').at(-1) ?? ''
  throw new KnestError('prerequisite', `etcd on "${node.name}" does not answer: ${said}`)
}

interface MemberUrls {
  readonly members: readonly { readonly ID: string; readonly clientURLs?: readonly string[] }[]
}

type Statuses = readonly {
  readonly Endpoint: string
  readonly Status: {
    readonly header: { readonly member_id: string }
    readonly leader?: string
    readonly dbSize?: number
    readonly errors?: readonly string[]
  }
}[]

type Healths = readonly { readonly endpoint: string; readonly health: boolean; readonly error?: string }[]

/** Three lines of JSON: member list, status, health; the latter two may be empty. */
function parseHealth(text: string): readonly EtcdMemberHealth[] {
  const [list = '', ...answers] = text.split('\n').filter((line) => line.trim() !== '')
  const parsed = answers.map(parseWithIds) as (Statuses | Healths)[]
  const statuses = parsed.flat().filter((entry) => 'Status' in entry)
  const healths = parsed.flat().filter((entry) => 'health' in entry)
  const { members } = parseWithIds(list) as MemberUrls
  const alarms = alarmsIn(statuses)
  return parseMembers(list).map((member) => {
    const status = statuses.find(({ Status }) => hexId(Status.header.member_id) === member.id)?.Status
    const url = members.find(({ ID }) => ID === member.id)?.clientURLs?.[0]
    const said = healths.find(({ endpoint }) => endpoint === url)
    // One with an alarm has a part in the majority all the same.
    const answers = said?.health === true || said?.error?.startsWith('Active Alarm') === true
    const own = alarms.flatMap(([id, alarm]) => (id === member.id ? [alarm] : []))
    return {
      ...member,
      // A learner refuses the question that health is measured by.
      healthy: member.learner ? status !== undefined : answers,
      leader: status?.leader !== undefined && hexId(status.leader) === member.id,
      dbSizeBytes: status?.dbSize,
      ...(own.length === 0 ? {} : { alarms: own }),
    }
  })
}

/** Ids of members with their alarms: each member tells those of all. */
function alarmsIn(statuses: Statuses): readonly (readonly [string, string])[] {
  const texts = new Set(statuses.flatMap(({ Status }) => Status.errors ?? []))
  return [...texts].flatMap((text) => {
    const [, id = '', alarm = ''] = /^memberID:(\d+) alarm:(\w+)/.exec(text) ?? []
    return id === '' ? [] : [[hexId(id), alarm] as const]
  })
}
