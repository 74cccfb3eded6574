import { readFile } from 'node:fs/promises'
import { formatAddress, type OccupiedRange } from '@knest/core'
import type { Programs } from './program.js'

export interface MachineNetwork {
  readonly routes: readonly OccupiedRange[]
  /** MTU of the way out, in bytes. */
  readonly mtu: number
}

const usualMtu = 1500
/** Shorter than the prefix of any network: 0.0.0.0/1 and 128.0.0.0/1 are how a VPN says "everything". */
const shortestNetwork = 8

/** What this machine has routes to, in every routing table where `ip` is there. */
export async function readMachineNetwork(programs: Programs, signal: AbortSignal): Promise<MachineNetwork> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '')
  const main = parseKernelRoutes(table)
  const all = await ipRoutes(programs, signal)
  const devices = [...new Set([...main.waysOut, ...all.waysOut])]
  const mtus = await Promise.all(devices.map((device) => deviceMtu(device)))
  return {
    routes: unique([...main.routes, ...all.routes]),
    mtu: mtus.length === 0 ? usualMtu : Math.min(...mtus),
  }
}

export interface RoutingTable {
  /** Networks; a way out is none. */
  readonly routes: readonly OccupiedRange[]
  /** Devices that lead to everything, or to large parts of it. */
  readonly waysOut: readonly string[]
}

interface Route {
  readonly device: string
  readonly target: string
  readonly prefix: number
}

function toTable(routes: readonly Route[]): RoutingTable {
  return {
    routes: routes
      .filter(({ prefix }) => prefix >= shortestNetwork)
      .map(({ device, target, prefix }) => ({ cidr: `${target}/${prefix}`, usedBy: usedBy(device) })),
    waysOut: [
      ...new Set(
        routes
          .filter(({ device, prefix }) => prefix < shortestNetwork && device !== '')
          .map(({ device }) => device),
      ),
    ],
  }
}

/** `/proc/net/route`: little-endian hexadecimal. */
export function parseKernelRoutes(text: string): RoutingTable {
  const lines = text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
  return toTable(
    lines.flatMap(([device = '', target, , , , , , mask]) =>
      target === undefined || mask === undefined
        ? []
        : [{ device, target: formatAddress(littleEndian(target)), prefix: bits(littleEndian(mask)) }],
    ),
  )
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

async function ipRoutes(programs: Programs, signal: AbortSignal): Promise<RoutingTable> {
  const argv = ['ip', '-json', '-4', 'route', 'show', 'table', 'all']
  const result = await programs.run(argv, { timeoutMs: 10_000, signal }).catch(() => undefined)
  signal.throwIfAborted()
  return result?.exitCode === 0 ? parseIpRoutes(result.stdout) : toTable([])
}

export function parseIpRoutes(text: string): RoutingTable {
  const routes = JSON.parse(text === '' ? '[]' : text) as readonly IpRoute[]
  return toTable(
    routes
      .filter(({ dst, type }) => dst !== undefined && (type === undefined || type === 'unicast'))
      .map(({ dst = '', dev = '' }) => {
        const [target = '', prefix] = (dst === 'default' ? '0.0.0.0/0' : dst).split('/')
        return { device: dev, target, prefix: Number(prefix ?? 32) }
      }),
  )
}

async function deviceMtu(device: string): Promise<number> {
  const mtu = Number(await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => usualMtu))
  return Number.isInteger(mtu) && mtu > 0 ? mtu : usualMtu
}

function unique(ranges: readonly OccupiedRange[]): readonly OccupiedRange[] {
  return [...new Map(ranges.map((range) => [range.cidr, range])).values()]
}
