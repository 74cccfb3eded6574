import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'

/** DNS servers, as a resolv.conf names them. */
export interface Resolvers {
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

type Read = (path: string) => Promise<string>

/**
 * The first is the machine's own; the others are where its name service writes the servers it asks itself
 * when it names only a stub on the loopback there, which no container reaches.
 */
export const resolvConfs = [
  '/etc/resolv.conf',
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
] as const

const containersConfs = ['/etc/containers/containers.conf', '/usr/share/containers/containers.conf']

/** What podman writes where it finds no server. */
const inventedByPodman = ['8.8.8.8', '8.8.4.4']

const usual: Read = (path) => readFile(path, 'utf8')

export function parseResolvConf(text: string): Resolvers {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/))
  const valuesOf = (key: string): readonly string[] =>
    lines.filter(([first]) => first === key).flatMap((values) => values.slice(1))
  return {
    servers: lines.filter(([first]) => first === 'nameserver').map(([, server = '']) => server),
    // The last line of them counts.
    search: (lines.findLast(([first]) => first === 'search' || first === 'domain') ?? [])
      .slice(1)
      .filter((domain) => domain !== '.'),
    options: valuesOf('options'),
  }
}

/** Networks of containers have IPv4 alone, and a loopback of their own. */
export function isReachable(server: string): boolean {
  return isIPv4(server) && !/^(127\.|0\.)/.test(server)
}

/** The servers this machine asks that a container reaches; undefined when none is known. */
export async function readMachineResolvers(read: Read = usual): Promise<Resolvers | undefined> {
  for (const path of resolvConfs) {
    const found = parseResolvConf(await read(path).catch(() => ''))
    const servers = found.servers.filter(isReachable)
    if (servers.length > 0) return { ...found, servers, search: found.search.filter(isOwnDomain) }
  }
  return undefined
}

/** As in the node: a machine that is a pod itself names the Services of its cluster. */
function isOwnDomain(domain: string): boolean {
  return !domain.startsWith('svc.') && !domain.includes('.svc.')
}

/** podman may have been told which servers containers ask. */
export async function hasOwnResolvers(read: Read = usual): Promise<boolean> {
  const texts = await Promise.all(containersConfs.map((path) => read(path).catch(() => '')))
  return texts.some((text) => /^\s*dns_servers\s*=\s*\[\s*["']/m.test(text))
}

/** Whether a node that asks `found` should ask `wanted`, or nobody when that is unknown. */
export function isStale(found: Resolvers, wanted: Resolvers | undefined): boolean {
  if (found.servers.length === 0) return false
  const asks = found.servers.filter(isReachable)
  // Without a network this machine has no server either: what the node asks may be right again soon.
  if (wanted === undefined) return asks.every((server) => inventedByPodman.includes(server))
  return asks.join() !== wanted.servers.join() || found.search.join() !== wanted.search.join()
}

export function renderResolvConf({ servers, search, options }: Resolvers): string {
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
    '',
  ].join('\n')
}
