import { describe, expect, it } from 'vitest'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { awaitPodsGone } from './pods-gone.js'

const terminated = { state: { terminated: { exitCode: 0 } } }
const running = { state: { running: {} } }

const pod = (fields: { phase: string; containers: object[]; deleted?: boolean; volumes?: object[] }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a-0',
    namespace: 'knest-a',
    uid: 'u1',
    ...(fields.deleted === false ? {} : { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  spec: { volumes: fields.volumes ?? [{ emptyDir: {} }] },
  status: { phase: fields.phase, containerStatuses: fields.containers },
})

/** What is left of the pods when the wait has gone through the states, one after the other; and what was forced. */
async function waitThrough(...states: KubeObject[][]) {
  const forced: unknown[] = []
  let looks = 0
  const api: Partial<KubeApi> = {
    waitFor: (_kind, _selector, done) => {
      const seen = states.find((pods) => (looks++, done(pods)))
      return seen === undefined ? Promise.reject(new Error('still there')) : Promise.resolve(seen)
    },
    delete: (_kind, name, namespace, { gracePeriodSeconds, preconditions }) => {
      forced.push({ name, namespace, gracePeriodSeconds, preconditions })
      return Promise.resolve(true)
    },
  }
  await awaitPodsGone(
    api as KubeApi,
    {},
    {
      timeoutMs: 1,
      signal: new AbortController().signal,
      awaited: 'pods to be gone',
      describe: () => '',
    },
  )
  return { forced, looks }
}

const ended = pod({ phase: 'Succeeded', containers: [terminated] })

describe('awaitPodsGone', () => {
  it('lets a pod go that has ended, and only that very one', async () => {
    expect(await waitThrough([pod({ phase: 'Running', containers: [running] })], [ended], [])).toEqual({
      looks: 2,
      forced: [{ name: 'a-0', namespace: 'knest-a', gracePeriodSeconds: 0, preconditions: { uid: 'u1' } }],
    })
  })

  it.each([
    ['runs', pod({ phase: 'Running', containers: [running] })],
    ['crashed just before', pod({ phase: 'Running', containers: [terminated] })],
    ['failed but has a container that runs', pod({ phase: 'Failed', containers: [terminated, running] })],
    ['was never started', pod({ phase: 'Failed', containers: [] })],
    ['nobody deleted', pod({ phase: 'Succeeded', containers: [terminated], deleted: false })],
    [
      'has a claim, whose volume is still mounted',
      pod({ phase: 'Succeeded', containers: [terminated], volumes: [{ persistentVolumeClaim: {} }] }),
    ],
  ])('waits for the kubelet to let one go that %s', async (_name, waiting) => {
    expect(await waitThrough([waiting], [])).toEqual({ looks: 2, forced: [] })
  })
})
