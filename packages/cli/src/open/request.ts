import { isIP } from 'node:net'
import { KnestError, knestCommand, parseWholeNumber, type PortOwnerKind, type PortRequest } from 'knest'
import type { Deps, SpecRoom } from '../deps.js'

export interface OpenFlags {
  readonly nestedNamespace?: string
  readonly address?: string
  readonly localPort?: string
  /** In milliseconds. */
  readonly podRunningTimeout?: number
}

/** By all names that kubectl knows. */
const kinds: Readonly<Record<string, PortOwnerKind>> = Object.fromEntries(
  (
    [
      ['Service', 'svc', 'service', 'services'],
      ['Deployment', 'deploy', 'deployment', 'deployments', 'deployment.apps', 'deployments.apps'],
      ['StatefulSet', 'sts', 'statefulset', 'statefulsets', 'statefulset.apps', 'statefulsets.apps'],
      ['DaemonSet', 'ds', 'daemonset', 'daemonsets', 'daemonset.apps', 'daemonsets.apps'],
      ['ReplicaSet', 'rs', 'replicaset', 'replicasets', 'replicaset.apps', 'replicasets.apps'],
      ['Pod', 'po', 'pod', 'pods'],
    ] as const
  ).flatMap(([kind, ...names]) => names.map((name) => [name, kind])),
)

/** What is asked for by `svc/web:80` and the flags of `open`. Throws `usage`. */
export function portRequest(
  { messages }: Pick<Deps, 'messages'>,
  name: string,
  target: string,
  flags: OpenFlags,
  { validateNamespace }: Pick<SpecRoom, 'validateNamespace'>,
): PortRequest {
  const { nestedNamespace, address } = flags
  if (nestedNamespace !== undefined) validateNamespace(nestedNamespace)
  if (address !== undefined && isIP(address) === 0)
    throw new KnestError('usage', `--address "${address}" is not an IP address`, {
      hint: 'write it as in 127.0.0.1, or 0.0.0.0 for all addresses of this machine',
    })
  return {
    ...parseTarget(name, target),
    namespace: nestedNamespace,
    localAddress: address,
    localPort: localPort(flags.localPort),
    podTimeoutMs: flags.podRunningTimeout,
    onError: onceInARow((text) => messages.warning(text)),
  }
}

/** A browser asks again and again where nothing answers. */
function onceInARow(tell: (text: string) => void): (error: unknown) => void {
  let last: string | undefined
  return (error) => {
    const text = error instanceof Error ? error.message : String(error)
    if (text !== last) tell(text)
    last = text
  }
}

function parseTarget(cluster: string, text: string): Pick<PortRequest, 'kind' | 'name' | 'port'> {
  const [, word, name, port] = /^(?:([^/:]*)\/)?([^/:]*)(?::(.*))?$/.exec(text) ?? []
  const behind = port === undefined ? '' : `:${port}`
  if (name === undefined || name === '') throw refused(cluster, `"${text}" names nothing to open`, 'svc/NAME')
  if (word === undefined)
    throw refused(cluster, `"${text}" does not say what "${name}" is`, `svc/${name}${behind}`)
  const kind = kinds[word.toLowerCase()]
  if (kind === undefined)
    throw new KnestError('usage', `"${word}" of "${text}" is nothing that open knows`, {
      hint: 'it opens svc/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME and pod/NAME',
    })
  if (port === '') throw refused(cluster, `"${text}" has no port behind its colon`, `${word}/${name}:80`)
  return { kind, name, port }
}

function refused(cluster: string, message: string, target: string): KnestError {
  return new KnestError('usage', message, { hint: `write ${knestCommand('open', cluster, target)}` })
}

function localPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = parseWholeNumber(text)
  if (port !== undefined && port >= 0 && port <= 65_535) return port
  throw new KnestError('usage', `--local-port "${text}" is no port`, {
    hint: 'use a number from 1 to 65535, or 0 for any free one',
  })
}
