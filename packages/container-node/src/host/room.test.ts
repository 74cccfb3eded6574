import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { createFakeEngine } from '../engine/fake-engine.js'
import { judgeRoom, parseRoom, readRoom, requestedBy, roomScript } from './room.js'
import type { HostResource, HostTarget } from './types.js'

const gibibyte = 2 ** 30
const told = `load 1.50
threads 383
threads-max 192730
pid-max 4194304
container 223 max
MemTotal: 17179869184
MemAvailable: 12884901888
disk 107374182400 53687091200
max_user_instances 8192
max_user_watches 524288
instances 22
watches 900
`
const allocatable = { cpu: '2', memory: '16Gi' }
const requested = { cpu: 0.725, memory: gibibyte }
const target: HostTarget = { name: 'knest-host' }
const byName = (room: readonly HostResource[]) => new Map(room.map((resource) => [resource.name, resource]))

describe('the room of a host', () => {
  it('is what the machine has, what is used, and what pods request', () => {
    expect(judgeRoom(parseRoom(told), allocatable, requested, target)).toEqual(
      [
        { name: 'cpu', capacity: 2, used: 1.5, requested: 0.725 },
        { name: 'memory', capacity: 16 * gibibyte, used: 4 * gibibyte, requested: gibibyte },
        { name: 'disk', capacity: 100 * gibibyte, used: 50 * gibibyte },
        { name: 'processes', capacity: 192_730, used: 383 },
        { name: 'inotify-instances', capacity: 8192, used: 22 },
        { name: 'inotify-watches', capacity: 524_288, used: 900 },
      ].map((resource) => expect.objectContaining({ ...resource, warning: undefined }) as unknown),
    )
  })

  it.each<[string, string, HostResource['name'], RegExp]>([
    ['disk 107374182400 53687091200', 'disk 107374182400 4294967296', 'disk', /host and all clusters stop/],
    ['MemAvailable: 12884901888', 'MemAvailable: 1073741824', 'memory', /pause or delete a cluster/],
    ['threads 383', 'threads 190000', 'processes', /kernel\.threads-max/],
    ['container 223 max', 'container 2000 2048', 'processes', /`knest host up` lifts this limit/],
    ['\ninstances 22', '\ninstances 8000', 'inotify-instances', /fs\.inotify\.max_user_instances/],
    ['watches 900', 'watches 520000', 'inotify-watches', /fs\.inotify\.max_user_watches/],
  ])('near its end is named: %s becomes %s', (before, after, name, warning) => {
    const room = judgeRoom(parseRoom(told.replace(before, after)), allocatable, requested, target)
    expect(room.filter((one) => one.warning !== undefined).map((one) => one.name)).toEqual([name])
    expect(byName(room).get(name)?.warning).toMatch(warning)
  })

  it('of CPU counts what is requested: a busy machine still takes pods', () => {
    const busy = judgeRoom(parseRoom(told.replace('load 1.50', 'load 40')), allocatable, requested, target)
    expect(byName(busy).get('cpu')).toMatchObject({ used: 40, warning: undefined })
    const overloaded = judgeRoom(
      parseRoom(told.replace('load 1.50', 'load 60')),
      allocatable,
      requested,
      target,
    )
    expect(byName(overloaded).get('cpu')?.warning).toMatch(/^overloaded: /)
    const full = judgeRoom(parseRoom(told), allocatable, { cpu: 1.9, memory: 0 }, target)
    expect(byName(full).get('cpu')?.warning).toMatch(/the next node pods wait/)
  })

  it.each([
    ['nothing', ''],
    ['an error', 'sh: df: not found\ndisk \nthreads-max x\n'],
  ])('leaves out what cannot be read: %s', (_, output) => {
    expect(judgeRoom(parseRoom(output), undefined, undefined, target)).toEqual([])
  })

  it.each([
    ['threads', 'threads 383', 'threads x', 'processes'],
    ['memory that is free', 'MemAvailable: 12884901888', '', 'memory'],
    ['disk that is free', 'disk 107374182400 53687091200', 'disk 1073741824', 'disk'],
  ] as const)('does not know, and does not warn of, what is used without %s', (_, before, after, name) => {
    const room = judgeRoom(parseRoom(told.replace(before, after)), undefined, undefined, target)
    expect(byName(room).get(name)).toMatchObject({ used: undefined, warning: undefined })
  })

  it('counts requests of pods that have no status yet', () => {
    const spec = { containers: [{ resources: { requests: { cpu: '100m' } } }] }
    expect(requestedBy([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }]).cpu).toBe(0.1)
  })

  it('counts requests of pods that have not ended', () => {
    const pod = (phase: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [{ resources: { requests: { cpu: '100m', memory: '64Mi' } } }] },
      status: { phase },
    })
    expect(requestedBy(['Running', 'Pending', 'Succeeded', 'Failed'].map(pod))).toEqual({
      cpu: 0.2,
      memory: 2 ** 27,
    })
  })

  it('is read from a machine by a script that any node can run', async () => {
    const { stdout } = await promisify(execFile)('sh', ['-c', roomScript('/')])
    const room = judgeRoom(parseRoom(stdout), undefined, undefined, target)
    expect(room.map(({ name }) => name)).toEqual(expect.arrayContaining(['memory', 'disk', 'processes']))
    for (const { capacity, used = Number.NaN } of room) {
      expect(capacity).toBeGreaterThan(0)
      expect(used).toBeGreaterThanOrEqual(0)
    }
  })

  it('is none, and no error, where neither node nor API answer', async () => {
    const fake = createFakeEngine()
    const access = { server: 'https://127.0.0.1:1', serverName: undefined, ca: '', cert: '', key: '' }
    const { signal } = new AbortController()
    expect(await readRoom(createEngine('podman', fake, true, {}), target, 'a-cp-0', access, signal)).toEqual(
      [],
    )
  })
})
