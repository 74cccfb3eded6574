import { readFile } from 'node:fs/promises'
import { formatAddress, type OccupiedRange } from '@knest/core'
import type { Programs } from './program.js'

export interface MachineNetwork {
  readonly routes: readonly OccupiedRange[]
  /** MTU of the way out, in bytes. */
  readonly mtu: number
}

const usualMtu = 1500

/** What this machine has routes to, in every routing table where `ip` is there. */
export async function readMachineNetwork(programs: Programs, signal: AbortSignal): Promise<MachineNetwork> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '')
  const main = parseKernelRoutes(table)
  const all = await ipRoutes(programs, signal)
  const mtu = main.device === undefined ? usualMtu : await deviceMtu(main.device)
  return { routes: unique([...main.routes, ...all]), mtu }
}

/** `/proc/net/route`: little-endian hexadecimal. `device` is the way out. */
export function parseKernelRoutes(text: string): {
  readonly routes: readonly OccupiedRange[]
  readonly device: string | undefined
} {
  const lines = text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
  const entries = lines.flatMap(([device = '', target, , , , , , mask]) =>
    target === undefined || mask === undefined
      ? []
      : [{ device, target: littleEndian(target), prefix: bits(littleEndian(mask)) }],
  )
  return {
    routes: entries
      .filter(({ prefix }) => prefix > 0)
      .map(({ device, target, prefix }) => ({
        cidr: `${formatAddress(target)}/${prefix}`,
        usedBy: usedBy(device),
      })),
    device: entries.find(({ prefix }) => prefix === 0)?.device,
  }
}

function littleEndian(text: string): number {
  return Buffer.from(text, 'hex').readUInt32LE()
}

function bits(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length
}

function usedBy(device: string): string {
  return `route of this machine (${device})`
}

interface IpRoute {
  readonly dst?: string
  readonly dev?: string
  readonly type?: string
}

async function ipRoutes(programs: Programs, signal: AbortSignal): Promise<readonly OccupiedRange[]> {
  const argv = ['ip', '-json', '-4', 'route', 'show', 'table', 'all']
  const result = await programs.run(argv, { timeoutMs: 10_000, signal }).catch(() => undefined)
  signal.throwIfAborted()
  return result?.exitCode === 0 ? parseIpRoutes(result.stdout) : []
}

export function parseIpRoutes(text: string): readonly OccupiedRange[] {
  const routes = JSON.parse(text === '' ? '[]' : text) as readonly IpRoute[]
  return routes
    .filter(
      ({ dst, type }) => dst !== undefined && dst !== 'default' && (type === undefined || type === 'unicast'),
    )
    .map(({ dst = '', dev = '' }) => ({ cidr: dst.includes('/') ? dst : `${dst}/32`, usedBy: usedBy(dev) }))
}

async function deviceMtu(device: string): Promise<number> {
  const mtu = Number(await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => usualMtu))
  return Number.isInteger(mtu) && mtu > 0 ? mtu : usualMtu
}

function unique(ranges: readonly OccupiedRange[]): readonly OccupiedRange[] {
  return [...new Map(ranges.map((range) => [range.cidr, range])).values()]
}
