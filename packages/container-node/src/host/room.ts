import { anySignal, hostCommand, parseBytes, parseMillicores, podNeeds, type KubeObject } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import type { HostAccess } from '../home/access.js'
import { getJson } from './kubeconfig.js'
import type { HostResource, HostTarget } from './types.js'

const scriptMs = 10_000
const requestMs = 5_000
const gibibyte = 2 ** 30
const nano = 1e9
/** What `host up` advises to have before. */
const wantedDisk = 5 * gibibyte
const nearlyAll = 0.9
/** So many programs wait for each core that leaders lose their leases and probes time out; forty clusters did it. */
const overload = 30

/**
 * Prints a name and numbers a line. Of the machine, which the host shares, are its load, its memory, its disk, its
 * processes and all limits but the container's; inotify is counted in what the container sees: its own programs.
 */
export function roomScript(disk: string): string {
  return `read -r load rest </proc/loadavg && echo "load $load"
threads=\${rest#*/} && echo "threads \${threads%% *}"
echo "threads-max $(cat /proc/sys/kernel/threads-max)"
echo "pid-max $(cat /proc/sys/kernel/pid_max)"
for folder in /sys/fs/cgroup /sys/fs/cgroup/pids; do
  [ ! -e $folder/pids.max ] || echo "container $(cat $folder/pids.current) $(cat $folder/pids.max)"
done 2>/dev/null
awk '/^Mem(Total|Available):/ { printf "%s %.0f\\n", $1, $2 * 1024 }' /proc/meminfo
echo "disk $(df --block-size=1 --output=size,avail ${disk} | tail -n 1)"
for limit in max_user_instances max_user_watches; do echo "$limit $(cat /proc/sys/fs/inotify/$limit)"; done
found=$(find /proc/[0-9]*/fd -lname anon_inode:inotify 2>/dev/null)
echo "instances $(printf '%s' "$found" | grep -c .)"
echo "watches $(printf '%s\\n' "$found" | sed 's:/fd/:/fdinfo/:' | xargs -r cat 2>/dev/null | grep -c '^inotify')"
`
}

type Numbers = Readonly<Record<string, readonly number[]>>

export function parseRoom(output: string): Numbers {
  const lines = output.split('\n').map((line) => line.trim().split(/[\s:]+/))
  return Object.fromEntries(lines.map(([name = '', ...values]) => [name, values.map(Number)]))
}

/** What pods that have not ended request, in cores and bytes. */
export interface Requested {
  readonly cpu: number
  readonly memory: number
}

export function requestedBy(pods: readonly KubeObject[]): Requested {
  const needs = pods
    .filter(({ status }) => !hasEnded(status as { phase?: string } | undefined))
    .map(({ spec }) => podNeeds((spec ?? {}) as Parameters<typeof podNeeds>[0]).requests)
  const total = (name: string): number => needs.reduce((sum, one) => sum + Number(one[name] ?? 0n), 0) / nano
  return { cpu: total('cpu'), memory: total('memory') }
}

function hasEnded(status: { readonly phase?: string } | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

export interface Allocatable {
  readonly cpu?: string
  readonly memory?: string
}

/** What there is and what is used of it. What could not be found out is left out. */
export function judgeRoom(
  numbers: Numbers,
  allocatable: Allocatable | undefined,
  requested: Requested | undefined,
  target: HostTarget,
): readonly HostResource[] {
  const [load] = numbers.load ?? []
  const [memory, free] = [numbers.MemTotal?.[0], numbers.MemAvailable?.[0]]
  const [disk, freeDisk] = numbers.disk ?? []
  const all: readonly Draft[] = [
    { name: 'cpu', capacity: cores(allocatable?.cpu), used: load, requested: requested?.cpu },
    {
      name: 'memory',
      capacity: bytes(allocatable?.memory) ?? memory,
      used: minus(memory, free),
      requested: requested?.memory,
    },
    { name: 'disk', capacity: disk, used: minus(disk, freeDisk) },
    { name: 'processes', ...processesOf(numbers, target) },
    { name: 'inotify-instances', capacity: numbers.max_user_instances?.[0], used: numbers.instances?.[0] },
    { name: 'inotify-watches', capacity: numbers.max_user_watches?.[0], used: numbers.watches?.[0] },
  ]
  return all.flatMap((draft) => {
    const { name, remedy = remedies[name] } = draft
    const capacity = known(draft.capacity)
    if (capacity === undefined || capacity <= 0) return []
    const resource = { name, capacity, used: known(draft.used), requested: known(draft.requested) }
    if (name === 'cpu' && resource.used !== undefined && resource.used >= capacity * overload)
      return [{ ...resource, warning: overloaded }]
    return [{ ...resource, warning: isNearlyFull(resource) ? `nearly used up: ${remedy}` : undefined }]
  })
}

function known(amount: number | undefined): number | undefined {
  return Number.isFinite(amount) ? amount : undefined
}

interface Draft {
  readonly name: HostResource['name']
  readonly capacity: number | undefined
  readonly used: number | undefined
  readonly requested?: number | undefined
  /** The usual one when absent. */
  readonly remedy?: string
}

/** The machine's own limits, or the container's where it has one. */
function processesOf(numbers: Numbers, target: HostTarget): Omit<Draft, 'name'> {
  const [inContainer, limit = Number.NaN] = numbers.container ?? []
  if (Number.isFinite(limit))
    return {
      capacity: limit,
      used: inContainer,
      remedy: `at its end nothing starts any more; ${hostCommand('up', target)} lifts this limit, which the engine has set`,
    }
  const limits = [...(numbers['threads-max'] ?? []), ...(numbers['pid-max'] ?? [])].filter(Number.isFinite)
  return { capacity: limits.length === 0 ? undefined : Math.min(...limits), used: numbers.threads?.[0] }
}

function isNearlyFull({ name, capacity, used, requested }: Omit<HostResource, 'warning'>): boolean {
  const isNear = (amount = 0): boolean => amount >= capacity * nearlyAll
  // A busy machine is slow, and only what is requested keeps pods from being placed.
  if (name === 'cpu') return isNear(requested)
  if (name === 'memory') return isNear(requested) || isNear(used)
  return name === 'disk' ? used !== undefined && capacity - used < wantedDisk : isNear(used)
}

const overloaded = 'overloaded: leaders lose their leases and probes time out; pause or delete clusters'
const placed = 'the next node pods wait; pause or delete a cluster'
const remedies: Readonly<Record<HostResource['name'], string>> = {
  cpu: placed,
  memory: placed,
  disk: 'at its end the host and all clusters stop; remove images, volumes or clusters',
  processes:
    'at its end nothing starts any more; raise kernel.threads-max and kernel.pid_max, or delete a cluster',
  'inotify-instances': '"too many open files" comes next; raise fs.inotify.max_user_instances',
  'inotify-watches': '"no space left on device" comes next; raise fs.inotify.max_user_watches',
}

function minus(all: number | undefined, free: number | undefined): number | undefined {
  return all === undefined || free === undefined ? undefined : all - free
}

function cores(quantity: string | undefined): number | undefined {
  return read(quantity, (text) => parseMillicores(text) / 1000)
}

function bytes(quantity: string | undefined): number | undefined {
  return read(quantity, parseBytes)
}

function read(quantity: string | undefined, parse: (text: string) => number): number | undefined {
  try {
    return quantity === undefined ? undefined : parse(quantity)
  } catch {
    return undefined
  }
}

/** Of a host that runs. It is a help: what cannot be read is left out, and within a few seconds. */
export async function readRoom(
  engine: ContainerEngine,
  target: HostTarget,
  node: string,
  access: HostAccess,
  signal: AbortSignal,
): Promise<readonly HostResource[]> {
  const bounded = anySignal(signal, AbortSignal.timeout(requestMs))
  const ask = (path: string): Promise<unknown> => getJson(access, path, bounded).catch(() => undefined)
  const [ran, object, pods] = await Promise.all([
    engine
      .run(['exec', node, 'sh', '-c', roomScript('/knest/disk')], { timeoutMs: scriptMs, signal })
      .catch(() => undefined),
    ask(`/api/v1/nodes/${node}`),
    ask('/api/v1/pods'),
  ])
  signal.throwIfAborted()
  const { allocatable } = ((object as KubeObject | undefined)?.status ?? {}) as { allocatable?: Allocatable }
  const { items } = (pods ?? {}) as { items?: readonly KubeObject[] }
  const requested = items === undefined ? undefined : requestedBy(items)
  return judgeRoom(parseRoom(ran?.stdout ?? ''), allocatable, requested, target)
}
