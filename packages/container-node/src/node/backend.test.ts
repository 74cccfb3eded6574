import { beforeEach, describe, expect, it } from 'vitest'
import type { ContainerEngine } from '../engine/engine.js'
import type { NodeSpec } from '@knest/core'
import { createContainerNodeBackend } from './backend.js'
import { createEngine } from '../engine/engine.js'
import { createFakeEngine, type FakeEngine } from '../engine/fake-engine.js'
import { hostSpec } from '../host/spec.js'

const { signal } = new AbortController()
const desired = hostSpec(undefined, [])
const cluster = { name: 'a', namespace: 'embedded' }
const spec: NodeSpec = {
  cluster,
  clusterUid: 'u',
  name: 'a-cp-0',
  role: 'control-plane',
  pool: 'cp',
  image: desired.image,
  machine: desired.controlPlane.machine,
  identity: '127.0.0.1',
  reservation: undefined,
  persistent: true,
  storageClass: undefined,
  hostPatches: [],
  hosts: [],
}

let fake: FakeEngine
let engine: ContainerEngine
beforeEach(() => {
  fake = createFakeEngine()
  engine = createEngine('podman', fake, true)
})

const commands = (): string[] =>
  fake.calls.map(([first = '', second = '']) =>
    /^(container|network|volume|image)$/.test(first) ? `${first} ${second}` : first,
  )

describe('ensureNode of a container', () => {
  it('makes one that is absent and waits until it takes commands', async () => {
    const node = await createContainerNodeBackend(engine).ensureNode(spec, signal)
    expect(node).toMatchObject({ name: 'a-cp-0', role: 'control-plane' })
    expect(fake.containers.get('a-cp-0')).toMatchObject({ state: 'running', ip: '127.0.0.1' })
    expect(fake.calls.at(-1)?.slice(0, 4)).toEqual(['exec', 'a-cp-0', 'knest-init', 'ready'])
  })

  it('adopts one that runs, and starts one that is stopped', async () => {
    const backend = createContainerNodeBackend(engine)
    await backend.ensureNode(spec, signal)
    fake.calls.length = 0
    await backend.ensureNode(spec, signal)
    expect(commands()).toEqual(['container inspect', 'exec'])
    const container = fake.containers.get('a-cp-0')
    if (container !== undefined) container.state = 'exited'
    fake.calls.length = 0
    await backend.ensureNode(spec, signal)
    expect(commands()).toEqual(['container inspect', 'start', 'exec'])
  })

  it('makes a container that does not start anew: its volumes hold all', async () => {
    const backend = createContainerNodeBackend(engine)
    await backend.ensureNode(spec, signal)
    const container = fake.containers.get('a-cp-0')
    if (container !== undefined) container.state = 'exited'
    fake.intercept = ([first]) =>
      first === 'start' ? { exitCode: 125, stderr: 'Error: container state improper' } : undefined
    await backend.ensureNode(spec, signal)
    expect(fake.containers.get('a-cp-0')?.state).toBe('running')
    expect(commands()).not.toContain('volume rm')
  })

  it('frees an address that a dead container holds', async () => {
    let failures = 1
    fake.intercept = (args) => {
      if (!args.includes('run') || failures-- <= 0) return undefined
      fake.containers.set('a-cp-0', { state: 'created', image: spec.image, labels: {}, ip: '127.0.0.1' })
      return {
        exitCode: 126,
        stderr: 'Error: requested IP address 127.0.0.1 is not available in range set 1-2',
      }
    }
    await createContainerNodeBackend(engine).ensureNode(spec, signal)
    expect(fake.containers.get('a-cp-0')?.state).toBe('running')
  })

  it('leaves a container of the same name alone that is not its own', async () => {
    fake.containers.set('a-cp-0', {
      state: 'running',
      image: 'x',
      labels: { 'knest.dev/cluster': 'b' },
      ip: '',
    })
    await expect(createContainerNodeBackend(engine).ensureNode(spec, signal)).rejects.toMatchObject({
      code: 'already-exists',
    })
  })

  it('tells the last words of a container that ended', async () => {
    fake.intercept = ([first]) => {
      if (first === 'exec') {
        const container = fake.containers.get('a-cp-0')
        if (container !== undefined) container.state = 'exited'
      }
      return first === 'logs' ? { stdout: 'knest-init: no cgroups' } : undefined
    }
    await expect(createContainerNodeBackend(engine).ensureNode(spec, signal)).rejects.toThrow(/no cgroups/)
  })

  it('gives a worker a free address of the network', async () => {
    fake.networks.set('a', { subnet: '10.199.4.0/24', labels: { 'knest.dev/cluster': 'a' } })
    const backend = createContainerNodeBackend(engine)
    const worker = (name: string): NodeSpec => ({
      ...spec,
      name,
      role: 'worker',
      pool: 'worker',
      identity: undefined,
    })
    await backend.ensureNode(worker('a-worker-0'), signal)
    await backend.ensureNode(worker('a-worker-1'), signal)
    expect([...fake.containers.values()].map(({ ip }) => ip)).toEqual(['10.199.4.30', '10.199.4.31'])
  })
})

describe('a control plane whose container was removed', () => {
  const own = { 'knest.dev/cluster': 'a', 'knest.dev/namespace': 'embedded' }

  it('is listed by its disk, and made again on it', async () => {
    const backend = createContainerNodeBackend(engine)
    fake.volumes.set('a-home', own).set('a-cp-0-disk', {})
    expect(await backend.listNodes(cluster, signal)).toMatchObject([
      { name: 'a-cp-0', role: 'control-plane', phase: 'pending', abandoned: true, ready: false },
    ])
    await backend.ensureNode(spec, signal)
    expect((await backend.listNodes(cluster, signal)).map(({ phase }) => phase)).toEqual(['running'])
  })

  it.each([
    ['no disk', own, undefined],
    ['no record', undefined, {}],
    ['the record of another', { ...own, 'knest.dev/namespace': 'b' }, {}],
  ])('is no node with %s', async (_, home, disk) => {
    if (home !== undefined) fake.volumes.set('a-home', home)
    if (disk !== undefined) fake.volumes.set('a-cp-0-disk', disk)
    expect(await createContainerNodeBackend(engine).listNodes(cluster, signal)).toEqual([])
  })
})

describe('the other methods of the container backend', () => {
  it('list a stopped node with its reason, and nothing for another cluster', async () => {
    const backend = createContainerNodeBackend(engine)
    await backend.ensureNode(spec, signal)
    const container = fake.containers.get('a-cp-0')
    if (container !== undefined) container.state = 'exited'
    expect(await backend.listNodes(cluster, signal)).toEqual([
      {
        name: 'a-cp-0',
        role: 'control-plane',
        pool: 'cp',
        phase: 'pending',
        ready: false,
        ip: undefined,
        reason: 'container is exited with exit code 0',
        hostObject: 'a-cp-0',
        hostNode: undefined,
      },
    ])
    expect(await backend.listNodes({ ...cluster, name: 'b' }, signal)).toEqual([])
    expect(await backend.listNodes({ ...cluster, namespace: 'b' }, signal)).toEqual([])
  })

  it('open what runs: not-found for an unknown node, timeout for a stopped one', async () => {
    const backend = createContainerNodeBackend(engine)
    await expect(backend.openNode(cluster, 'a-cp-0', signal)).rejects.toMatchObject({ code: 'not-found' })
    await backend.ensureNode(spec, signal)
    const container = fake.containers.get('a-cp-0')
    if (container !== undefined) container.state = 'exited'
    await expect(backend.openNode(cluster, 'a-cp-0', signal)).rejects.toMatchObject({ code: 'timeout' })
  })

  it('delete a node with its disk, or keep the disk', async () => {
    const backend = createContainerNodeBackend(engine)
    await backend.ensureNode(spec, signal)
    await backend.deleteNode(cluster, 'a-cp-0', { keepData: true, signal })
    expect(fake.containers.size).toBe(0)
    expect([...fake.volumes.keys()]).toContain('a-cp-0-disk')
    await backend.deleteNode(cluster, 'a-cp-0', { keepData: false, signal })
    expect([...fake.volumes.keys()]).not.toContain('a-cp-0-disk')
    await backend.deleteNode(cluster, 'a-cp-0', { keepData: false, signal })
  })

  it('refuse an image the engine does not have, with the way to get it', async () => {
    const backend = createContainerNodeBackend(engine)
    const problems = await backend.preflight({ ...desired, image: 'example.org/node:1' }, signal, cluster)
    expect(problems).toContainEqual({
      severity: 'error',
      message: 'podman has no image "example.org/node:1"',
      hint: 'get it (podman pull example.org/node:1), or choose another with --image',
    })
    const own = await backend.preflight(desired, signal, cluster)
    expect(own.filter(({ severity }) => severity === 'error')).toEqual([])
  })
})
