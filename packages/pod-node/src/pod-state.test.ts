import { describe, expect, it } from 'vitest'
import type { KubeObject } from '@knest/core'
import { podState } from './pod-state.js'

const message = "prepare: the node's disk is on nfs4, which cannot carry containers"
const ended = { terminated: { exitCode: 1, reason: 'Error', message } }

function pod(container: object): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a-cp-0-0', namespace: 'a' },
    status: { phase: 'Running', containerStatuses: [{ ready: false, restartCount: 1, ...container }] },
  }
}

describe('a pod whose node cannot start', () => {
  const backOff = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting' } }
  it.each([
    ['has just ended', { state: ended }],
    ['is not started again for a while', { state: backOff, lastState: ended }],
  ])('and %s says why, in its own words', (_name, container) => {
    expect(podState(pod(container))).toMatchObject({
      phase: 'pending',
      reason: message,
      refusal: message,
      untold: false,
    })
  })

  it('says what the host says when it has not said anything', () => {
    const silent = { terminated: { exitCode: 137, reason: 'OOMKilled' } }
    expect(podState(pod({ state: silent }))).toMatchObject({ reason: 'OOMKilled with exit code 137' })
    expect(podState(pod({ state: backOff, lastState: silent }))).toMatchObject({
      reason: 'CrashLoopBackOff: back-off 10s restarting',
      refusal: undefined,
    })
  })

  it('is forgiven when it runs', () => {
    const state = { running: { startedAt: '2026-01-01T00:00:00Z' } }
    expect(podState(pod({ state, lastState: ended }))).toMatchObject({ phase: 'running', reason: undefined })
  })
})
