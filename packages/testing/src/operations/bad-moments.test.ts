import { describe, expect, test, vi } from 'vitest'
import { KnestError, type NodeBackend, type NodeHandle } from '@knest/core'
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
