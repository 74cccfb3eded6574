import net from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { OpenedPort, PortRequest } from '../contracts/ports.js'
import { silentProgress } from '../contracts/progress.js'
import { KnestError } from '../errors.js'
import { openPort } from './open-port.js'

const run = { signal: new AbortController().signal, progress: silentProgress }
const web: PortRequest = { kind: 'Service', name: 'web' }

function service(spec: object = {}, status: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { ports: [{ port: 80, targetPort: 'http' }], ...spec },
    status,
  }
}

function slice(...pods: readonly string[]): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'default' },
    ports: [{ port: 8080 }],
    endpoints: [
      { targetRef: { kind: 'Pod', name: 'starts' }, conditions: { ready: false } },
      ...pods.map((name) => ({ targetRef: { kind: 'Pod', name }, conditions: { ready: true } })),
    ],
  }
}

function pod(name: string, more: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ ports: [{ containerPort: 9000, name: 'http' }] }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    ...more,
  }
}

/** What is asked for, and what is there: objects by name, and what is awaited by its kind. */
let owner: KubeObject | undefined
let awaited: readonly KubeObject[]
let asked: unknown[]
let forwarded: string[]
let gone: Set<string>
let opened: OpenedPort | undefined
const close = vi.fn()

const api = {
  get: (...[kind, name, namespace]: Parameters<KubeApi['get']>) => {
    asked.push([kind.kind, namespace, name])
    return Promise.resolve(owner)
  },
  waitFor: (...[kind, selector, done, { awaited: what }]: Parameters<KubeApi['waitFor']>) => {
    asked.push([kind.kind, selector.labelSelector ?? selector.fieldSelector, what])
    if (done(awaited)) return Promise.resolve(awaited)
    return Promise.reject(new KnestError('timeout', `waited for ${what}`))
  },
  forward: ({ name }: { readonly name: string }, port: number): Promise<Duplex> => {
    if (gone.has(name)) return Promise.reject(new KnestError('not-found', `there is no pod "${name}"`))
    forwarded.push(`${name}:${port}`)
    const stream = new PassThrough()
    stream.end(`hello from ${name}`)
    return Promise.resolve(stream)
  },
  close,
} as unknown as KubeApi

async function open(request: PortRequest = web): Promise<OpenedPort> {
  opened = await openPort(() => Promise.resolve(api), 'q', request, run)
  return opened
}

/** What a client of the URL reads. */
function read({ url }: OpenedPort): Promise<string> {
  return text(net.connect(Number(new URL(url).port), '127.0.0.1'))
}

beforeEach(() => {
  owner = service()
  awaited = [slice('a')]
  asked = []
  forwarded = []
  gone = new Set()
  opened = undefined
  close.mockReset()
})

afterEach(() => opened?.close())

describe('a Service', () => {
  it('is forwarded to the port of a ready pod', async () => {
    const port = await open()
    expect(port).toMatchObject({ subject: 'Service "web"', port: '80', otherPorts: [], isForwarded: true })
    expect(port.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await read(port)).toBe('hello from a')
    expect(forwarded).toEqual(['a:8080'])
    expect(asked.slice(0, 2)).toEqual([
      ['Service', 'default', 'web'],
      ['EndpointSlice', 'kubernetes.io/service-name=web', 'a pod of Service "web" to be ready'],
    ])
  })

  it('stays with its pod, and goes on with another one when that is gone', async () => {
    awaited = [slice('a', 'b')]
    const port = await open()
    await read(port)
    awaited = [slice('b', 'a')]
    expect(await read(port)).toBe('hello from a')
    gone.add('a')
    expect(await read(port)).toBe('hello from b')
    gone.clear()
    expect(await read(port)).toBe('hello from b')
  })

  it('goes on where a connection could not be made', async () => {
    const onError = vi.fn()
    const port = await open({ ...web, onError })
    gone.add('a')
    await expect(read(port)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ message: 'there is no pod "a"' }))
    gone.clear()
    expect(await read(port)).toBe('hello from a')
  })

  it('without a ready pod is waited for', async () => {
    awaited = [slice()]
    await expect(open()).rejects.toMatchObject({
      code: 'timeout',
      message: 'waited for a pod of Service "web" to be ready',
    })
    expect(close).toHaveBeenCalled()
  })

  it('is looked for in the namespace that was named', async () => {
    owner = undefined
    await expect(open({ ...web, namespace: 'team' })).rejects.toMatchObject({
      code: 'not-found',
      message: 'nested cluster "q" has no Service "web" in namespace "team"',
    })
    expect(close).toHaveBeenCalled()
  })

  it('that is only a name is refused', async () => {
    owner = service({ type: 'ExternalName' })
    await expect(open()).rejects.toMatchObject({ code: 'prerequisite' })
  })

  it('listens where it is told', async () => {
    const first = await open({ ...web, localAddress: '0.0.0.0' })
    const { url } = first
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/)
    await expect(open({ ...web, localPort: Number(new URL(url).port) })).rejects.toMatchObject({
      code: 'config',
      hint: 'choose another port, or 0 for any free one',
    })
    await first.close()
    expect(close).toHaveBeenCalledTimes(2)
  })
})

describe('a load balancer', () => {
  let server: net.Server
  let port: number
  beforeEach(async () => {
    server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ;({ port } = server.address() as net.AddressInfo)
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const balanced = (ports: readonly object[], ingress: object, type = 'LoadBalancer'): KubeObject =>
    service({ type, ports }, { loadBalancer: { ingress: [{ ip: '127.0.0.1', ...ingress }] } })

  it('that this machine reaches is all that is needed', async () => {
    owner = balanced([{ port, name: 'https' }], {})
    expect(await open()).toMatchObject({ url: `https://127.0.0.1:${port}`, isForwarded: false })
    expect(close).toHaveBeenCalled()
  })

  it('may be a node port of the host', async () => {
    const ports = [{ port: 80, protocol: 'TCP', error: `knest.dev/NodePort${port}` }]
    owner = balanced([{ port: 80 }], { ports })
    expect(await open()).toMatchObject({ url: `http://127.0.0.1:${port}`, isForwarded: false })
  })

  it.each<[string, () => KubeObject]>([
    ['that does not answer', () => balanced([{ port: 1 }], {})],
    ['that has no such port', () => balanced([{ port }], { ports: [{ port, protocol: 'TCP', error: 'x' }] })],
    ['of a Service that is none any more', () => balanced([{ port }], {}, 'ClusterIP')],
  ])('%s is left for a forwarded port', async (_, made) => {
    owner = made()
    expect((await open()).isForwarded).toBe(true)
  })
})

describe('pods', () => {
  it('of a Deployment have its labels, and are ready', async () => {
    owner = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        selector: {
          matchLabels: { app: 'web' },
          matchExpressions: [
            { key: 'tier', operator: 'In', values: ['a', 'b'] },
            { key: 'old', operator: 'DoesNotExist' },
            { key: 'new', operator: 'Exists' },
          ],
        },
        template: { spec: { containers: [{ ports: [{ containerPort: 8080, name: 'http' }] }] } },
      },
    }
    awaited = [pod('starts', { status: { phase: 'Running' } }), pod('a')]
    const port = await open({ kind: 'Deployment', name: 'web', port: 'http' })
    await read(port)
    // The pod is of another revision, whose port has another number.
    expect(forwarded).toEqual(['a:9000'])
    expect(asked[1]).toEqual([
      'Pod',
      'app=web,tier in (a,b),!old,new',
      'a pod of Deployment "web" to be ready',
    ])
  })

  it('that are named need not be ready', async () => {
    owner = pod('a', { status: { phase: 'Running' } })
    awaited = [owner]
    await read(await open({ kind: 'Pod', name: 'a', port: '7000' }))
    expect(forwarded).toEqual(['a:7000'])
    expect(asked[1]).toEqual(['Pod', 'metadata.name=a', 'Pod "a" to run'])
  })
})
