import { describe, expect, test, vi } from 'vitest'
import { KnestError, type ClusterHome } from '@knest/core'
import type { FakeClusterHome } from '../fake-cluster-home.js'
import {
  createdFixture,
  createFixture,
  persistent,
  recordingProgress,
  ref,
  run,
  spec,
  withWorkers,
  type Fixture,
} from './fixture.js'

// Whole operations, once for each of their calls.
vi.setConfig({ testTimeout: 120_000 })

const away = (): KnestError => new KnestError('host-unreachable', 'the host cannot be reached')
const notRenewed = (): KnestError => new KnestError('host-unreachable', 'the lock could not be renewed')

type Call = (...given: readonly unknown[]) => Promise<unknown>
const unknown: Call = () => Promise.reject(new Error('the fake has no such call'))

/** What a host is asked to change, and what operations ask it first. */
const calls = [
  ...(['read', 'create', 'update', 'setStatus', 'lock'] as const),
  ...(['saveAuthorities', 'saveKubeconfig', 'ensureAddresses', 'remove'] as const),
] satisfies readonly (keyof ClusterHome)[]

interface Outage {
  /** Counts the calls, from when it is set to 0. */
  seen: number
  /** Which of them meets a host that goes away. */
  at: number
  /** Whether the lock is lost with it. */
  readonly losesLock: boolean
  /** Whether the host did what it was told, and only the answer was lost. */
  readonly isDone: boolean
}

/** A host that goes away in the middle of one call. */
function goingAway(outage: Outage): (home: FakeClusterHome) => FakeClusterHome {
  return (home) => {
    const wrapped = calls.map((name) => {
      const call = (home as unknown as Record<string, Call>)[name] ?? unknown
      const meet = async (...given: readonly unknown[]): Promise<unknown> => {
        if (++outage.seen !== outage.at) return call(...given)
        // A lock that was taken would stay, with nobody to let it go.
        if (outage.isDone && name !== 'lock') await call(...given)
        if (outage.losesLock) home.loseLock(ref, notRenewed())
        throw away()
      }
      return [name, meet]
    })
    return { ...home, ...(Object.fromEntries(wrapped) as Partial<FakeClusterHome>) }
  }
}

interface Case {
  readonly name: string
  readonly before: (outage: Outage) => Promise<Fixture>
  readonly act: (fixture: Fixture, options: typeof run) => Promise<unknown>
  readonly phase: string | undefined
  readonly result?: object | string
}

const created =
  (of = spec) =>
  (outage: Outage) =>
    createdFixture(of, undefined, goingAway(outage))
const paused = async (outage: Outage): Promise<Fixture> => {
  const fixture = await created(persistent)(outage)
  await fixture.clusters.pause(ref, run)
  return fixture
}
const upgrade = { kubernetesVersion: '1.36.0', image: 'localhost/knest/node:v1.36.0' }

const cases: readonly Case[] = [
  {
    name: 'create',
    before: (outage) => Promise.resolve(createFixture(undefined, goingAway(outage))),
    act: ({ clusters }, options) => clusters.create(ref, spec, options),
    phase: 'Ready',
  },
  {
    name: 'scale',
    before: created(),
    act: ({ clusters }, options) => clusters.scale(ref, { pools: { worker: 2 } }, options),
    phase: 'Ready',
    result: { phase: 'Ready', workers: { desired: 2 } },
  },
  {
    name: 'apply',
    before: created(),
    act: ({ clusters }, options) => clusters.apply(ref, withWorkers(2), options),
    phase: 'Ready',
    result: 'configured',
  },
  {
    name: 'pause',
    before: created(persistent),
    act: ({ clusters }, options) => clusters.pause(ref, options),
    phase: 'Paused',
  },
  {
    name: 'resume',
    before: paused,
    act: ({ clusters }, options) => clusters.resume(ref, options),
    phase: 'Ready',
    result: { phase: 'Ready' },
  },
  {
    name: 'upgrade',
    before: created(),
    act: ({ clusters }, options) => clusters.upgrade(ref, upgrade, options),
    phase: 'Ready',
    result: { phase: 'Ready' },
  },
  {
    name: 'delete',
    before: created(),
    act: ({ clusters }, options) => clusters.delete(ref, { ...options, keepData: false }),
    phase: undefined,
  },
  {
    name: 'delete --keep-data',
    before: created(persistent),
    act: ({ clusters }, options) => clusters.delete(ref, { ...options, keepData: true }),
    phase: 'Kept',
  },
]

const kinds: readonly Pick<Outage, 'losesLock' | 'isDone'>[] = [
  { losesLock: false, isDone: false },
  { losesLock: false, isDone: true },
  { losesLock: true, isDone: true },
]

test.each(cases)('$name comes to its end over a host that goes away, whenever that is', async (of) => {
  const attempt = async (at: number): Promise<number> => {
    const outage: Outage = { ...kinds[at % kinds.length], losesLock: false, isDone: false, seen: 0, at: 0 }
    const fixture = await of.before(outage)
    Object.assign(outage, { seen: 0, at, ...kinds[at % kinds.length] })
    const result = await of.act(fixture, { ...run, timeoutMs: 60_000 }).catch((error: unknown) => {
      throw new Error(`call ${at}`, { cause: error })
    })
    if (typeof of.result === 'object') expect(result).toMatchObject(of.result)
    else if (of.result !== undefined) expect(result).toBe(of.result)
    const { seen } = outage
    outage.at = 0
    expect(await fixture.phase(), `call ${at}`).toBe(of.phase)
    return seen
  }
  const count = await attempt(0)
  expect(count).toBeGreaterThan(3)
  // By the first one a command finds out whether there is a host at all.
  await Promise.all(Array.from({ length: count - 1 }, (_, index) => attempt(index + 2)))
})

describe('a host that stays away', () => {
  const staysAway = async (fails: (name: string) => KnestError | undefined): Promise<Fixture> => {
    let isAway = false
    const fixture = await createdFixture(undefined, undefined, (home) => ({
      ...home,
      update: (...given) => {
        isAway = true
        return home.update(...given)
      },
      setStatus: (...given) => {
        const error = isAway ? fails('setStatus') : undefined
        return error === undefined ? home.setStatus(...given) : Promise.reject(error)
      },
    }))
    return fixture
  }

  test('ends the command with its time, and is told', async () => {
    const fixture = await staysAway(away)
    const progress = recordingProgress()
    await expect(
      fixture.clusters.scale(ref, { pools: { worker: 2 } }, { ...run, timeoutMs: 2_000, progress }),
    ).rejects.toMatchObject({
      code: 'timeout',
      message: 'the operation on cluster "q" took longer than 2 s; last seen: the host cannot be reached',
    })
    expect(progress.notes).toEqual(['the host cannot be reached: trying again'])
  })

  test.each([
    ['what it does not permit', new KnestError('not-permitted', 'no')],
    ['a wait that was too long there', new KnestError('timeout', 'waited 300 s for room')],
  ])('is another thing than %s, which ends it at once', async (_, error) => {
    const fixture = await staysAway(() => error)
    await expect(fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)).rejects.toBe(error)
  })

  test('and has just been started knows nobody’s rights for a moment', async () => {
    const errors = [away(), new KnestError('not-permitted', 'no'), new KnestError('not-permitted', 'no')]
    const fixture = await staysAway(() => errors.shift())
    await expect(fixture.clusters.scale(ref, { pools: { worker: 2 } }, run)).resolves.toMatchObject({
      phase: 'Ready',
    })
    expect(errors).toEqual([])
  })

  test('is told at once to who looks again later', async () => {
    const fixture = await staysAway(away)
    await expect(
      fixture.clusters.scale(ref, { pools: { worker: 2 } }, { ...run, onlyIfFree: true }),
    ).rejects.toMatchObject({ code: 'host-unreachable' })
  })
})
