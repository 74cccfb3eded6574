import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.js'

const root = '/sys/fs/cgroup'
const mib = 1024 * 1024

/** Cgroup folders of one group of processes; on version 2 both are the same. */
export interface Cgroup {
  readonly memory: string
  readonly cpu: string
}

/** MiB. What nobody else has is `own`: anonymous pages and files in memory. */
export interface Memory {
  readonly own: number
  /** Pages of files, counted where they were first used; another node may use them, too. */
  readonly cache: number
}

export async function cgroupOfContainer(name: string): Promise<Cgroup> {
  const { stdout } = await run('podman', ['inspect', '--format', '{{.State.Pid}}', name])
  const lines = readFileSync(`/proc/${stdout.trim()}/cgroup`, 'utf8').trim().split('\n')
  const pathOf = (controller: string): string => {
    const line = lines.find((each) => each.split(':')[1]?.split(',').includes(controller) === true)
    if (line !== undefined) return join(root, controller, line.split(':').slice(2).join(':'))
    // A container's PID 1 that has moved itself to a leaf is asked for the group around it.
    const unified = lines.find((each) => each.startsWith('0::'))?.slice(3) ?? '/'
    return join(root, unified.replace(/\/init$/, ''))
  }
  return { memory: pathOf('memory'), cpu: pathOf('cpuacct') }
}

/** Of a pod that runs somewhere in that group. */
export function cgroupOfPod(around: Cgroup, uid: string): Cgroup {
  return { memory: findPod(around.memory, uid), cpu: findPod(around.cpu, uid) }
}

function findPod(folder: string, uid: string): string {
  const found = search(folder, `pod${uid}`, 5)
  if (found === undefined) throw new Error(`no cgroup of pod ${uid} in ${folder}`)
  return found
}

function search(folder: string, name: string, depth: number): string | undefined {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  if (inside.some((entry) => entry.name === name)) return join(folder, name)
  if (depth === 0) return undefined
  for (const entry of inside) {
    const found = search(join(folder, entry.name), name, depth - 1)
    if (found !== undefined) return found
  }
  return undefined
}

export function cpuSeconds({ cpu }: Cgroup): number {
  const v1 = join(cpu, 'cpuacct.usage')
  if (existsSync(v1)) return Number(readFileSync(v1, 'utf8')) / 1e9
  return (statOf(join(cpu, 'cpu.stat')).get('usage_usec') ?? 0) / 1e6
}

export function memoryOf({ memory }: Cgroup): Memory {
  return memoryFrom(readFileSync(join(memory, 'memory.stat'), 'utf8'))
}

/** From `memory.stat` of either version. Version 1 names its sums over children `total_`. */
export function memoryFrom(text: string): Memory {
  const stat = parseStat(text)
  const field = (v1: string, v2: string): number => stat.get(`total_${v1}`) ?? stat.get(v2) ?? 0
  const inMemory = field('shmem', 'shmem')
  return {
    own: (field('rss', 'anon') + inMemory) / mib,
    cache: (field('cache', 'file') - inMemory) / mib,
  }
}

function statOf(path: string): ReadonlyMap<string, number> {
  return parseStat(readFileSync(path, 'utf8'))
}

function parseStat(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', value = '0']) => [name, Number(value)]),
  )
}
