import { BusyError, KnestError, PreflightError, silentProgress } from '@knest/core'
import type { HealReport } from '@knest/core'
import { describe, expect, it } from 'vitest'
import { lookAfter } from './look-after.js'

const ref = { name: 'demo', namespace: 'knest-demo' }
const well: HealReport = { phase: 'Ready', actions: [], nodes: [], nextAt: undefined }

function look(result: HealReport | Error, failures = 0): ReturnType<typeof lookAfter> {
  const reconcile = () => (result instanceof Error ? Promise.reject(result) : Promise.resolve(result))
  const signal = new AbortController().signal
  return lookAfter({ reconcile }, ref, {
    failures,
    thorough: false,
    isSettled: false,
    progress: silentProgress,
    signal,
    now: () => 1_000_000,
  })
}

describe('lookAfter', () => {
  it('looks again when a failing node counts as dead, else now and then', async () => {
    expect(await look({ ...well, nextAt: 1_030_000 })).toMatchObject({ result: 'done', nextMs: 30_000 })
    expect(await look(well)).toMatchObject({ result: 'done', nextMs: 300_000 })
  })

  it('says nothing when somebody else works on the cluster, and comes back', async () => {
    const busy = new BusyError('a command works on it')
    expect(await look(busy)).toEqual({ result: 'busy', report: undefined, actions: [], nextMs: 5_000 })
  })

  it.each([
    'removing "demo-cp-2" would cost etcd its majority',
    'the namespace is being terminated',
    'NestedCluster "demo" was changed',
  ])('says any other conflict on the cluster, and backs off: %s', async (message) => {
    const looked = await look(new KnestError('conflict', message), 3)
    expect(looked).toMatchObject({ result: 'failed', nextMs: 40_000 })
    expect(looked.actions).toEqual([{ type: 'Warning', reason: 'Failed', message }])
  })

  it('says on the cluster all that its wish cannot be', async () => {
    const problems = ['one', 'two'].map((message) => ({ message, hint: 'cure', severity: 'error' as const }))
    const looked = await look(new PreflightError('prerequisite', problems))
    expect(looked).toMatchObject({ result: 'refused', nextMs: 60_000 })
    expect(looked.actions).toEqual([{ type: 'Warning', reason: 'Refused', message: 'one; cure\ntwo; cure' }])
  })

  it('has no right to an Event where nobody has bound it, and soon sees that somebody has', async () => {
    const barred = { message: 'no RoleBinding', hint: 'bind it', severity: 'error' as const }
    const looked = await look(new PreflightError('not-permitted', [barred]), 5)
    expect(looked).toEqual({ result: 'refused', report: undefined, actions: [], nextMs: 10_000 })
  })

  it('says what was done and what was not when only a part of it failed', async () => {
    const done = { type: 'Normal' as const, reason: 'NodeReplaced', message: 'one was replaced' }
    const looked = await look({ ...well, actions: [done], failure: new KnestError('timeout', 'too slow') }, 1)
    expect(looked).toMatchObject({ result: 'failed', nextMs: 10_000 })
    expect(looked.actions).toEqual([done, { type: 'Warning', reason: 'Failed', message: 'too slow' }])
  })

  it('looks at a failing node when it is due, though what the object asks for is refused', async () => {
    const refused = { message: 'one', hint: 'cure', severity: 'error' as const }
    const failure = new PreflightError('config', [refused])
    const looked = await look({ ...well, nextAt: 1_015_000, failure })
    expect(looked).toMatchObject({ result: 'refused', nextMs: 15_000 })
    expect(looked.actions).toEqual([{ type: 'Warning', reason: 'Refused', message: 'one; cure' }])
  })

  it('offers no other context when a right is missing: it has but one', async () => {
    const hint = 'ask for this right, or choose another context with --context'
    const looked = await look(new KnestError('not-permitted', 'may not list persistentvolumes', { hint }))
    expect(looked.actions.map(({ message }) => message)).toEqual([
      'may not list persistentvolumes; its rights come with the controller: `knest host install controller`',
    ])
  })

  it('looks again at once, and says nothing, when somebody ended the look for a reason', async () => {
    const ended = AbortSignal.abort(new KnestError('cancelled', 'cluster "demo" is being deleted'))
    const reconcile = () => Promise.reject(new KnestError('timeout', 'waited for a pod'))
    const options = {
      failures: 2,
      thorough: false,
      isSettled: false,
      progress: silentProgress,
      now: () => 1_000_000,
    }
    expect(await lookAfter({ reconcile }, ref, { ...options, signal: ended })).toEqual({
      result: 'interrupted',
      report: undefined,
      actions: [],
      nextMs: 0,
    })
  })

  it('tries what failed again, ever more rarely', async () => {
    const failure = new KnestError('timeout', 'too slow')
    expect((await look(failure, 0)).nextMs).toBe(5_000)
    expect((await look(failure, 3)).nextMs).toBe(40_000)
    expect((await look(failure, 30)).nextMs).toBe(300_000)
  })
})
