import { describe, expect, test, vi } from 'vitest'
import { KnestError, NodeCommandError, type NodeBackend, type NodeHandle } from '@knest/core'
import { createFixture, recordingProgress, ref, run, spec } from './fixture.js'

// Whole operations with real TLS: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Control planes whose port does not answer when it is connected to for the second time, and for a while after. */
function refusing(times: number): (backend: NodeBackend) => NodeBackend {
  let dials = 0
  const change = (node: NodeHandle): NodeHandle => ({
    ...node,
    dial: (port, signal) => {
      dials++
      if (dials === 1 || dials > times + 1) return node.dial(port, signal)
      return Promise.reject(
        new KnestError('host-unreachable', `port ${port} of pod "${node.name}-0" does not answer`),
      )
    },
  })
  return (backend) => ({
    ...backend,
    ensureNode: async (...given) => change(await backend.ensureNode(...given)),
    openNode: async (...given) => change(await backend.openNode(...given)),
  })
}

describe('an API server that is away for a moment after it was ready', () => {
  test('does not end a create', async () => {
    const fixture = createFixture(refusing(40))
    const progress = recordingProgress()
    await fixture.clusters.create(ref, spec, { ...run, progress })
    expect(await fixture.phase()).toBe('Ready')
    expect(progress.notes).toContainEqual(
      expect.stringMatching(/port 6443 of pod "q-cp-0-0" does not answer.*; trying again/),
    )
  })

  test('is what a create names that comes to the end of its time', async () => {
    const fixture = createFixture(refusing(Infinity))
    const stop = new AbortController()
    const progress = recordingProgress()
    const note = (text: string): void => {
      if (text.endsWith('trying again')) stop.abort(new KnestError('timeout', 'the time limit is over'))
    }
    const running = fixture.clusters.create(ref, spec, {
      ...run,
      signal: stop.signal,
      progress: { ...progress, note },
    })
    await expect(running).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('port 6443 of pod "q-cp-0-0" does not answer') as string,
    })
  })
})

/** Nodes on which so many commands that set up a control plane end as `fault` says; counts them. */
function failing(times: number, fault: (node: string) => Error) {
  const seen = { commands: 0 }
  const change = (node: NodeHandle): NodeHandle => ({
    ...node,
    execText: (argv, options) => {
      const isSetUp = argv.some((word) => word.includes('kubeadm init'))
      if (!isSetUp || seen.commands++ >= times) return node.execText(argv, options)
      return Promise.reject(fault(node.name))
    },
  })
  const backend = (real: NodeBackend): NodeBackend => ({
    ...real,
    ensureNode: async (...given) => change(await real.ensureNode(...given)),
    openNode: async (...given) => change(await real.openNode(...given)),
  })
  return { backend, seen }
}

describe('a step that fails', () => {
  const cut = (node: string) => new KnestError('host-unreachable', `the connection to "${node}" was cut`)
  const slow = (node: string) => new KnestError('timeout', `waited 180 s for kubeadm on "${node}"`)
  const failed = (node: string) => new NodeCommandError(node, ['kubeadm init'], 1, 'etcdserver: timed out')
  const forbidden = () => new KnestError('not-permitted', 'may not exec into pods')

  test.each([
    ['because its connection is cut', 3, cut],
    ['because the machine is busy', 1, slow],
    ['because kubeadm does, twice', 2, failed],
  ] as const)('%s does not end a create', async (_, times, fault) => {
    const { backend, seen } = failing(times, fault)
    const fixture = createFixture(backend)
    const progress = recordingProgress()
    await fixture.clusters.create(ref, spec, { ...run, progress })
    expect(await fixture.phase()).toBe('Ready')
    expect(seen.commands).toBeGreaterThan(times)
    expect(progress.notes.filter((note) => note.endsWith(': trying again'))).toHaveLength(times)
  })

  test.each([
    ['without the right, at once', 1, forbidden, { code: 'not-permitted' }],
    ['by kubeadm, a third time', 3, failed, { code: 'node-command' }],
  ] as const)('%s ends it', async (_, commands, fault, error) => {
    const { backend, seen } = failing(Infinity, fault)
    const fixture = createFixture(backend)
    await expect(fixture.clusters.create(ref, spec, run)).rejects.toMatchObject(error)
    expect(seen.commands).toBe(commands)
  })

  test('is what a create names that comes to the end of its time', async () => {
    const { backend } = failing(Infinity, cut)
    const fixture = createFixture(backend)
    await expect(fixture.clusters.create(ref, spec, { ...run, timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/took longer than 3 s; last seen: .*was cut/) as string,
    })
  })
})
