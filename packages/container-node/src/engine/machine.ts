import { access, readFile, constants, statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Problem } from '@knest/core'
import type { EngineFacts } from './engine.js'

const gibibyte = 2 ** 30
const wantedMemory = 2 * gibibyte
const wantedDisk = 5 * gibibyte
/** kind's advice for several nodes on one machine (its known issues, "too many open files"). */
const wantedInotify = { max_user_instances: 512, max_user_watches: 524_288 } as const
const neededControllers = ['cpu', 'cpuset', 'memory', 'pids']

export interface MachineFacts {
  readonly cgroupVersion: 1 | 2
  readonly inotify: Readonly<Record<keyof typeof wantedInotify, number | undefined>>
  readonly controllers: readonly string[]
  readonly availableMemory: number | undefined
  readonly freeDisk: number | undefined
}

export function machineSize(): { readonly cpuCores: number; readonly memoryBytes: number } {
  return { cpuCores: availableParallelism(), memoryBytes: totalmem() }
}

export async function readMachine({ cgroupVersion, storage }: EngineFacts): Promise<MachineFacts> {
  const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined)
  const number = async (path: string): Promise<number | undefined> => {
    const text = await read(path)
    return text === undefined ? undefined : Number(text)
  }
  const [instances, watches, controllers, memory, disk] = await Promise.all([
    number('/proc/sys/fs/inotify/max_user_instances'),
    number('/proc/sys/fs/inotify/max_user_watches'),
    read(cgroupVersion === 2 ? '/sys/fs/cgroup/cgroup.controllers' : '/proc/cgroups'),
    read('/proc/meminfo'),
    statfs(storage).catch(() => undefined),
  ])
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(memory ?? '')?.[1]
  return {
    cgroupVersion,
    inotify: { max_user_instances: instances, max_user_watches: watches },
    controllers: controllers === undefined ? neededControllers : parseControllers(controllers, cgroupVersion),
    availableMemory: available === undefined ? undefined : Number(available) * 1024,
    freeDisk: disk === undefined ? undefined : disk.bavail * disk.bsize,
  }
}

/** `cgroup.controllers` is one line of names; `/proc/cgroups` a table whose last column tells what is on. */
export function parseControllers(text: string, cgroupVersion: 1 | 2): readonly string[] {
  if (cgroupVersion === 2) return text.trim().split(/\s+/)
  const rows = text.split('\n').map((line) => line.split(/\s+/))
  return rows
    .filter(([name, , , enabled]) => name?.startsWith('#') === false && enabled === '1')
    .map(([name = '']) => name)
}

/** What keeps a node from running on this machine, or from running well. */
export function machineProblems(facts: MachineFacts): readonly Problem[] {
  return [
    ...controllerProblems(facts),
    ...cgroupProblems(facts),
    ...inotifyProblems(facts),
    ...roomProblems(facts),
  ]
}

function controllerProblems({ controllers }: MachineFacts): readonly Problem[] {
  const missing = neededControllers.filter((name) => !controllers.includes(name))
  if (missing.length === 0) return []
  return [
    {
      severity: 'error',
      message: `the kernel has no cgroup controller ${missing.join(', ')}`,
      hint: 'switch it on at boot (kernel command line: cgroup_enable=memory cgroup_memory=1), then start the machine again',
    },
  ]
}

/** Kubernetes 1.31 put cgroup v1 into maintenance, 1.35 refuses it unless it is told not to, and a later one has none. */
function cgroupProblems({ cgroupVersion }: MachineFacts): readonly Problem[] {
  if (cgroupVersion === 2) return []
  return [
    {
      severity: 'warning',
      message:
        'this machine runs cgroup v1, which Kubernetes is leaving: from 1.35 on kubelet runs there only because knest tells it to (failCgroupV1), and later versions will not',
      hint: 'switch to cgroup v2 when you can (systemd: kernel command line systemd.unified_cgroup_hierarchy=1), then start the machine again',
    },
  ]
}

function inotifyProblems({ inotify }: MachineFacts): readonly Problem[] {
  const names = Object.keys(wantedInotify) as (keyof typeof wantedInotify)[]
  return names.flatMap((name): readonly Problem[] => {
    const value = inotify[name]
    if (value === undefined || value >= wantedInotify[name]) return []
    return [
      {
        severity: 'warning',
        message: `fs.inotify.${name} is ${value}; several nodes need ${wantedInotify[name]}. The node raises it until the machine starts again`,
        hint: `to keep it: echo fs.inotify.${name}=${wantedInotify[name]} >/etc/sysctl.d/99-knest-${name.replaceAll('_', '-')}.conf && sysctl --system`,
      },
    ]
  })
}

function roomProblems({ availableMemory, freeDisk }: MachineFacts): readonly Problem[] {
  const size = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`
  const problems: Problem[] = []
  if (availableMemory !== undefined && availableMemory < wantedMemory) {
    problems.push({
      severity: 'warning',
      message: `only ${size(availableMemory)} of memory are free; a host with one small nested cluster needs ${size(wantedMemory)}`,
      hint: 'end other programs, or expect slow nodes',
    })
  }
  if (freeDisk !== undefined && freeDisk < wantedDisk) {
    problems.push({
      severity: 'warning',
      message: `only ${size(freeDisk)} are free where the container engine keeps its data; ${size(wantedDisk)} are advised`,
      hint: 'remove images and volumes you no longer need',
    })
  }
  return problems
}

/** Full path of a program, when it is installed. */
export async function findProgram(name: string, path = process.env.PATH ?? ''): Promise<string | undefined> {
  for (const directory of [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const file = join(directory, name)
    if (directory !== '' && (await canAccess(file, constants.X_OK))) return file
  }
  return undefined
}

/** True also for what only root may see: docker's daemon is root when its user is not. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code === 'EACCES',
  )
}

export async function canAccess(path: string, mode: number = constants.R_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}
