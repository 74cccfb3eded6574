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
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'node', ready: false, restartCount: 1, ...container }],
    },
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

describe('a pod to which others have added containers', () => {
  const now = '2026-01-01T00:00:00Z'
  const node = { name: 'node', ready: true, restartCount: 0, state: { running: { startedAt: now } } }
  const creating = {
    name: 'node',
    ready: false,
    restartCount: 0,
    state: { waiting: { reason: 'PodInitializing' } },
  }
  const proxy = (state: object, more: object = {}): object => ({
    name: 'a-proxy',
    ready: false,
    restartCount: 0,
    state,
    ...more,
  })
  const missing = {
    waiting: {
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "p": ErrImagePull: p: not found',
    },
  }
  const state = (containerStatuses: object[], initContainerStatuses: object[] = [], status: object = {}) =>
    podState({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a-cp-0-0' },
      status: { phase: 'Pending', containerStatuses, initContainerStatuses, ...status },
    })

  it.each([
    ['is healthy', proxy({ running: { startedAt: now } }, { ready: true }), undefined],
    [
      'cannot be pulled',
      proxy(missing),
      'container "a-proxy", which knest did not make: ImagePullBackOff: Back-off pulling image "p": ErrImagePull: p: not found',
    ],
    [
      'crashes',
      proxy(
        { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
        { lastState: { terminated: { exitCode: 2, reason: 'Error' } } },
      ),
      'container "a-proxy", which knest did not make: CrashLoopBackOff: back-off 10s (Error with exit code 2)',
    ],
    ['is not ready', proxy({ running: {} }), 'container "a-proxy", which knest did not make: not ready'],
  ])('runs when the first one %s, and says so', (_title, first, trouble) => {
    expect(state([first, node])).toMatchObject({
      phase: 'running',
      ready: true,
      startedAt: now,
      reason: undefined,
      pull: undefined,
      trouble,
    })
  })

  it('waits for one that comes before it, and says for which', () => {
    expect(state([creating], [proxy(missing)])).toMatchObject({
      phase: 'pending',
      pull: 'lasting',
      foreign: 'a-proxy',
      reason: expect.stringMatching(
        /^container "a-proxy", which knest did not make: ImagePullBackOff/,
      ) as string,
    })
  })

  it('does not wait for one beside it', () => {
    expect(state([proxy(missing), creating])).toMatchObject({
      foreign: undefined,
      pull: undefined,
      reason: 'PodInitializing',
    })
  })

  it('is its own trouble when its own image does not come', () => {
    const own = { ...creating, state: { waiting: { reason: 'ErrImagePull', message: 'node: not found' } } }
    expect(state([proxy({ running: {} }, { ready: true }), own])).toMatchObject({
      foreign: undefined,
      pull: 'lasting',
      reason: 'ErrImagePull: node: not found',
    })
  })

  it('has done with one that ended well', () => {
    const done = proxy({ terminated: { exitCode: 0, reason: 'Completed' } })
    expect(state([node], [done])).toMatchObject({ phase: 'running', trouble: undefined })
    expect(state([creating], [done])).toMatchObject({ reason: 'PodInitializing', foreign: undefined })
  })

  it.each([
    [
      'evicted',
      {
        phase: 'Failed',
        reason: 'Evicted',
        message: 'Pod ephemeral local storage usage exceeds the total limit of containers 600Mi. ',
      },
      [node],
      'Evicted: Pod ephemeral local storage usage exceeds the total limit of containers 600Mi.',
    ],
    [
      'killed for its memory',
      { phase: 'Failed' },
      [{ ...node, state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
      'OOMKilled with exit code 137',
    ],
    ['ended', { phase: 'Failed' }, [], 'pod failed'],
  ])('says why it was %s', (_title, status, containers, reason) => {
    expect(state(containers, [], status)).toMatchObject({ phase: 'failed', ready: false, reason })
  })

  it('tells that it ran out of memory before', () => {
    const lastState = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: now } }
    expect(state([{ ...node, lastState }]).trouble).toBe(
      `it was started again after it had used more memory than its limit (OOMKilled at ${now})`,
    )
  })
})
