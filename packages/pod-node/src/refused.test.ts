import { KnestError } from '@knest/core'
import type { KubeApi, KubeObject } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { refused, refusalOf } from './refused.js'

const pod = 'create Pod q-cp-0-0 in StatefulSet q-cp-0 failed error: '

describe('refusalOf', () => {
  it.each([
    [
      'Operation cannot be fulfilled on resourcequotas "q": the object has been modified; please apply your changes to the latest version and try again',
      'passing',
    ],
    [
      'pods "q-cp-0-0" is forbidden: error looking up service account team/default: serviceaccount "default" not found',
      'passing',
    ],
    [
      'Internal error occurred: failed calling webhook "check.example": failed to call webhook: Post "https://check.example.svc:443/": dial tcp 10.0.0.1:443: connect: connection refused',
      'passing',
    ],
    ['pods "q-cp-0-0" is forbidden: status unknown for quota: compute, resources: limits.cpu', 'passing'],
    [
      'pods "q-cp-0-0" is forbidden: violates PodSecurity "baseline:latest": privileged (container "node" must not set securityContext.privileged=true)',
      'policy',
    ],
    [
      'pods "q-cp-0-0" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden]',
      'policy',
    ],
    ['admission webhook "validate.example" denied the request: no privileged pods', 'policy'],
    [
      'pods "q-cp-0-0" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4',
      'other',
    ],
    ['pods "q-cp-0-0" is forbidden: maximum cpu usage per Container is 1, but limit is 2', 'other'],
  ] as const)('%s', (message, kind) => {
    expect(refusalOf(`${pod}${message}`)).toBe(kind)
  })
})

interface Said {
  readonly message: string
  readonly count: number
  /** Seconds after the wait began. */
  readonly after: number
}

/** What is told, and how the wait ends: undefined when it goes on. */
async function wait(events: readonly Said[]): Promise<{ notes: string[]; code?: string; hint?: string }> {
  const now = Date.now()
  const notes: string[] = []
  const api: Partial<KubeApi> = {
    waitFor: (_kind, _selector, done) => {
      for (const { message, count, after } of events) {
        const lastTimestamp = new Date(now + after * 1000).toISOString()
        const event = { message, count, lastTimestamp } as Partial<KubeObject> as KubeObject
        if (done([event])) return Promise.resolve([event])
      }
      return Promise.reject(new KnestError('timeout', 'no refusal'))
    },
  }
  const { signal } = new AbortController()
  try {
    await refused(
      api as KubeApi,
      { name: 'q', namespace: 'team' },
      'q-cp-0',
      (text) => notes.push(text),
      signal,
    )
  } catch (error) {
    const { code, hint = '' } = error as KnestError
    return code === 'timeout' ? { notes } : { notes, code, hint }
  }
  return { notes }
}

describe('refused', () => {
  const quota = 'exceeded quota: compute'
  const policy = 'violates PodSecurity "baseline"'
  const account = 'serviceaccount "default" not found'

  it('ends when a policy repeats itself', async () => {
    expect(await wait([{ message: policy, count: 1, after: 0 }])).toEqual({ notes: [policy] })
    const ended = await wait([
      { message: policy, count: 1, after: 0 },
      { message: policy, count: 3, after: 1 },
    ])
    expect(ended).toMatchObject({ notes: [policy], code: 'not-permitted' })
    expect(ended.hint).toContain('allow privileged pods in namespace "team"')
  })

  it('waits for what goes by itself, and tells it once', async () => {
    const events = [1, 5, 20].map((count) => ({ message: account, count, after: count * 4 }))
    expect(await wait(events)).toEqual({ notes: [account] })
  })

  it('ends when another refusal lasts', async () => {
    expect(await wait([{ message: quota, count: 9, after: 5 }])).toEqual({ notes: [quota] })
    const ended = await wait([
      { message: quota, count: 9, after: 5 },
      { message: quota, count: 14, after: 21 },
    ])
    expect(ended).toMatchObject({ notes: [quota], code: 'prerequisite' })
    expect(ended.hint).toContain('raise the quota of namespace "team"')
  })

  it('does not look at what was refused before', async () => {
    expect(await wait([{ message: policy, count: 30, after: -60 }])).toEqual({ notes: [] })
  })
})
