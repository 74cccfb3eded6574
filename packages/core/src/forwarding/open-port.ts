import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { OpenedPort, PortRequest } from '../contracts/ports.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { canConnect } from '../home/api-urls.js'
import { openForwardServer } from '../kube/index.js'
import { inUrl } from '../url-host.js'
import { balancerTargets } from './balancer.js'
import { choosePort, portText, schemeOf, type NamedPort } from './choose-port.js'
import { awaitEndpoints, dialPods } from './dial-pods.js'
import { ownerKinds, portOwner, portSource } from './port-source.js'

/** Of the nested API; each opening has a certificate of its own, which is valid for a day. */
export type OpenNested = (signal: AbortSignal) => Promise<KubeApi>

const apiLifeMs = 12 * 3_600_000
const podTimeoutMs = 60_000

/** Opens a port of a nested cluster: by its load balancer where this machine reaches that, else by forwarding. */
export async function openPort(
  openApi: OpenNested,
  cluster: string,
  request: PortRequest,
  { signal, progress }: Pick<RunOptions, 'signal' | 'progress'>,
): Promise<OpenedPort> {
  const { namespace = 'default', localAddress = '127.0.0.1', localPort = 0 } = request
  const apis = await keepOpen(openApi, signal)
  try {
    const owner = await readOwner(apis.first, cluster, request, namespace, signal)
    const { subject, ...served } = portOwner(owner)
    const { port, others } = choosePort({ subject, ...served }, request.port)
    const scheme = schemeOf(port)
    const opened = { subject, port: portText(port), otherPorts: others.map(portText) }
    const atBalancer = async (service: KubeObject): Promise<OpenedPort | undefined> => {
      const reached = await reachedBalancer(service, port, signal)
      if (reached === undefined) return undefined
      apis.close()
      const url = `${scheme}://${inUrl(reached.host)}:${reached.port}`
      return { ...opened, url, isForwarded: false, close: () => Promise.resolve() }
    }
    const direct = await atBalancer(owner)
    if (direct !== undefined) return direct

    const source = portSource(owner, port)
    const wait = { timeoutMs: request.podTimeoutMs ?? podTimeoutMs, signal }
    await progress.phase(`Wait for ${source.awaited}`, () =>
      awaitEndpoints(apis.first, namespace, source, wait),
    )
    const dial = dialPods(apis.get, namespace, source)
    const { onError } = request
    const server = await openForwardServer({ dial, port: localPort, address: localAddress, onError })
    return {
      ...opened,
      url: `${scheme}://${inUrl(connectable[localAddress] ?? localAddress)}:${server.port}`,
      isForwarded: true,
      close: async () => {
        await server.close()
        apis.close()
      },
    }
  } catch (error) {
    apis.close()
    throw error
  }
}

/** All addresses are none that a client can name. */
const connectable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

async function readOwner(
  api: KubeApi,
  cluster: string,
  { kind, name }: PortRequest,
  namespace: string,
  signal: AbortSignal,
): Promise<KubeObject> {
  const found = await api.get(ownerKinds[kind], name, namespace, signal)
  if (found !== undefined) return { ...found, ...ownerKinds[kind] }
  const message = `nested cluster "${cluster}" has no ${kind} "${name}" in namespace "${namespace}"`
  throw new KnestError('not-found', message, { hint: 'name another namespace of it with --nested-namespace' })
}

async function reachedBalancer(
  service: KubeObject,
  port: NamedPort,
  signal: AbortSignal,
): Promise<{ readonly host: string; readonly port: number } | undefined> {
  const targets = balancerTargets(service, port)
  const reached = await Promise.all(targets.map((each) => canConnect(each.host, each.port, signal)))
  return targets.find((_, index) => reached[index])
}

/** An API that is opened anew before its certificate is over. What goes on by an old one is not cut. */
async function keepOpen(
  openApi: OpenNested,
  signal: AbortSignal,
): Promise<{ readonly first: KubeApi; readonly get: OpenNested; close(): void }> {
  const first = await openApi(signal)
  const opened = [first]
  let last = Promise.resolve(first)
  let until = Date.now() + apiLifeMs
  return {
    first,
    get: (ended) => {
      if (Date.now() > until) {
        until = Date.now() + apiLifeMs
        const before = last
        last = openApi(ended).then(
          (api) => {
            opened.push(api)
            return api
          },
          // The next connection tries again.
          () => {
            until = 0
            return before
          },
        )
      }
      return last
    },
    close: () => {
      for (const api of opened) api.close()
    },
  }
}
