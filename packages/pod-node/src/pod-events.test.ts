import type { KubeApi, KubeObject } from '@knest/core'
import { KnestError } from '@knest/core'
import { describe, expect, test } from 'vitest'
import { createPodNodeBackend } from './backend.js'
import { waitForPod } from './wait-for-pod.js'

const { signal } = new AbortController()
const cluster = { name: 'q', namespace: 'knest-q' }
const labels = {
  'knest.dev/cluster': 'q',
  'knest.dev/node': 'q-cp-0',
  'knest.dev/role': 'control-plane',
  'knest.dev/pool': 'control-plane',
}

function pod(containerStatuses: readonly object[] | undefined): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'q-cp-0-0', namespace: cluster.namespace, uid: 'now', labels },
    spec: { nodeName: 'host-1' },
    status: { phase: 'Pending', containerStatuses },
  }
}

const waiting = pod([{ name: 'node', ready: false, state: { waiting: { reason: 'ContainerCreating' } } }])

function event(uid: string, reason: string, message: string, lastTimestamp: string): KubeObject {
  const involvedObject = { kind: 'Pod', name: 'q-cp-0-0', uid }
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: message },
    involvedObject,
    reason,
    message,
    lastTimestamp,
  }
}

const refused = event(
  'now',
  'FailedCreatePodSandBox',
  'Address already assigned in block',
  '2026-01-01T00:00:01Z',
)
const later = event('now', 'FailedMount', 'no volume', '2026-01-01T00:00:09Z')
const before = event('before', 'FailedCreatePodSandBox', 'of the pod before', '2026-01-01T00:00:20Z')

const explainEvent = (text: string): Promise<string | undefined> =>
  Promise.resolve(text.includes('already assigned') ? 'the address is not free yet' : undefined)

/** A host with these pods and events whose waits are over at once. */
function host(pods: readonly KubeObject[], events: readonly KubeObject[] | KnestError): KubeApi {
  const asked: string[] = []
  const api: Pick<KubeApi, 'list' | 'get' | 'waitFor'> & { asked: string[] } = {
    asked,
    list: ({ kind }) => {
      asked.push(kind)
      if (kind === 'Pod') return Promise.resolve(pods)
      if (kind !== 'Event') return Promise.resolve([])
      return events instanceof KnestError ? Promise.reject(events) : Promise.resolve(events)
    },
    get: () => Promise.resolve(pods[0]),
    waitFor: ({ kind }, _selector, _done, options) =>
      kind === 'Pod'
        ? Promise.reject(
            new KnestError('timeout', `waited for ${options.awaited}; last seen: ${options.describe(pods)}`, {
              hint: 'h',
            }),
          )
        : new Promise(() => undefined),
  }
  return api as unknown as KubeApi
}

const reasonOf = async (api: KubeApi): Promise<string | undefined> =>
  (await createPodNodeBackend(api, { explainEvent }).listNodes(cluster, signal))[0]?.reason

describe('why a pod waits', () => {
  test('an event that can be explained comes before a later one', async () => {
    expect(await reasonOf(host([waiting], [refused, later, before]))).toBe(
      'ContainerCreating: the address is not free yet',
    )
  })

  test('else the latest of this pod, not of the one before', async () => {
    expect(await reasonOf(host([waiting], [before, later]))).toBe('ContainerCreating: FailedMount: no volume')
  })

  test('no event, or events that cannot be read: what the pod says', async () => {
    expect(await reasonOf(host([waiting], []))).toBe('ContainerCreating')
    expect(await reasonOf(host([waiting], new KnestError('not-permitted', 'no')))).toBe('ContainerCreating')
    expect(await reasonOf(host([pod(undefined)], []))).toBe('Pending')
  })

  test.each([
    ['runs', pod([{ name: 'node', ready: true, state: { running: {} } }]), undefined],
    [
      'tells why itself',
      pod([
        {
          name: 'node',
          ready: false,
          state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
        },
      ]),
      'ErrImagePull: no such image',
    ],
  ])('events are not asked for when it %s', async (_name, shown, reason) => {
    const api = host([shown], [refused])
    expect(await reasonOf(api)).toBe(reason)
    expect((api as unknown as { asked: string[] }).asked).not.toContain('Event')
  })

  test('a wait that took too long says it too, and keeps its hint', async () => {
    await expect(
      waitForPod(host([waiting], [refused]), cluster, 'q-cp-0', explainEvent, signal),
    ).rejects.toMatchObject({
      code: 'timeout',
      message:
        'waited for pod "q-cp-0-0" in namespace "knest-q" to run; last seen: ContainerCreating: the address is not free yet',
      hint: 'h',
    })
  })
})
