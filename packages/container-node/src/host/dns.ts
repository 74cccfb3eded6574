import type { KindRef, KubeApi } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import {
  hasOwnResolvers,
  isStale,
  parseResolvConf,
  readMachineResolvers,
  renderResolvConf,
  type Resolvers,
} from '../engine/resolvers.js'
import { awaitDns } from './health.js'

const resolvConf = '/run/knest/resolv.conf'
const deploymentKind: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' }
/** In the node's file until CoreDNS has read it: an interrupted command is gone on with. */
const pending = '# CoreDNS has not read this yet'
const timeoutMs = 20_000

/** What a host should ask instead of what it asks. */
export interface DnsFault {
  readonly asks: readonly string[]
  /** Undefined when this machine names no server that a container reaches. */
  readonly wanted: Resolvers | undefined
}

/** Whom this machine asks, and whether the engine was told otherwise; a parameter for tests. */
export interface MachineDns {
  resolvers(): Promise<Resolvers | undefined>
  isSetInEngine(): Promise<boolean>
}

export const machineDns: MachineDns = {
  resolvers: () => readMachineResolvers(),
  isSetInEngine: () => hasOwnResolvers(),
}

/**
 * A container keeps the servers of its start. Undefined when the host asks those that this machine asks
 * now, when the engine was told which, or when the node does not say.
 */
export async function dnsFault(
  engine: ContainerEngine,
  node: string,
  dns: MachineDns,
  signal: AbortSignal,
): Promise<DnsFault | undefined> {
  const [file, wanted, isSet] = await Promise.all([
    engine.run(['exec', node, 'cat', resolvConf], { timeoutMs, signal }),
    dns.resolvers(),
    engine.name === 'podman' ? dns.isSetInEngine() : false,
  ])
  if (file.exitCode !== 0 || isSet) return undefined
  const found = parseResolvConf(file.stdout)
  return file.stdout.includes(pending) || isStale(found, wanted) ? { asks: found.servers, wanted } : undefined
}

export function describeDnsFault({ asks, wanted }: DnsFault): string {
  if (asks.join() === wanted?.servers.join()) return 'its DNS has not read the settings of this machine yet'
  const now =
    wanted === undefined ? 'names no server that a container reaches' : `asks ${wanted.servers.join(', ')}`
  return `its DNS asks ${asks.join(', ')}, and this machine ${now}`
}

/**
 * Gives the node the servers of now, and CoreDNS, which nested clusters ask, as well. `address` is the
 * node's own: nobody answers there, at once.
 */
export async function mendDns(
  engine: ContainerEngine,
  node: string,
  address: string,
  { wanted }: DnsFault,
  api: Pick<KubeApi, 'patch' | 'waitFor'>,
  signal: AbortSignal,
): Promise<void> {
  const text = renderResolvConf(wanted ?? { servers: [address], search: [], options: [] })
  await write(engine, node, `${pending}\n${text}`, signal)
  const restartedAt = new Date().toISOString()
  const annotations = { 'kubectl.kubernetes.io/restartedAt': restartedAt }
  const change = { spec: { template: { metadata: { annotations } } } }
  await api.patch(deploymentKind, 'coredns', 'kube-system', change, { signal })
  await awaitDns(api, restartedAt, signal)
  await write(engine, node, text, signal)
}

/** Where the engine's file cannot be written, kubelet's lies over it. */
const writeScript = `set -e
cat >${resolvConf}.new && mv ${resolvConf}.new ${resolvConf}
cat ${resolvConf} 2>/dev/null >/etc/resolv.conf || mount --bind ${resolvConf} /etc/resolv.conf`

async function write(
  engine: ContainerEngine,
  node: string,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  const argv = ['exec', '--interactive', node, 'sh', '-c', writeScript]
  await engine.must(argv, `change the DNS servers of "${node}"`, { stdin: text, timeoutMs, signal })
}
