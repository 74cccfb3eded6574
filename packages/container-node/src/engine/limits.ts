import { readFileSync } from 'node:fs'

export interface CallerLimits {
  /** Without it, limits can only be lowered. */
  readonly capSysResource: boolean
  readonly openFiles: number
  readonly processes: number
}

const wantedOpenFiles = 1_048_576
/** podman lowers its own limits first: it cannot go above this without CAP_SYS_RESOURCE. */
const podmanProcesses = 32_768
const capSysResource = 24n

export function readCallerLimits(
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): CallerLimits {
  return parseLimits(read('/proc/self/limits'), read('/proc/self/status'))
}

export function parseLimits(limits: string, status: string): CallerLimits {
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  return {
    capSysResource: ((capabilities >> capSysResource) & 1n) === 1n,
    openFiles: hardLimit(limits, 'Max open files'),
    processes: hardLimit(limits, 'Max processes'),
  }
}

function hardLimit(text: string, name: string): number {
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1] ?? 'unlimited'
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

/** `--ulimit` values podman can give: it runs with the caller's rights. docker's daemon has its own. */
export function podmanUlimits({ capSysResource, openFiles, processes }: CallerLimits): readonly string[] {
  if (capSysResource) return [`nofile=${wantedOpenFiles}`]
  return [`nofile=${Math.min(openFiles, wantedOpenFiles)}`, `nproc=${Math.min(processes, podmanProcesses)}`]
}
