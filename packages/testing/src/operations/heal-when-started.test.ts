import { describe, expect, test } from 'vitest'
import { KnestError, type ClusterPhase } from '@knest/core'
import { createdFixture, persistent, recordingProgress, ref, run, type Fixture } from './fixture.js'

/** In seconds since 1970. */
const minutesAgo = (minutes: number): number => Math.floor(Date.now() / 1000) - minutes * 60

/** A cluster in this phase whose API server is silent; it answers when the host is looked at so many times. */
async function silentFixture(phase: ClusterPhase, minutes: number, answers = Infinity): Promise<Fixture> {
  let left = Infinity
  let answer = (): void => undefined
  const fixture = await createdFixture(persistent, (backend) => ({
    ...backend,
    listNodes: (...given) => {
      if (--left === 0) answer()
      return backend.listNodes(...given)
    },
  }))
  const controlPlane = fixture.nodes.nodes.get('q-cp-0')
  if (controlPlane === undefined) throw new Error('there is no control plane')
  Object.assign(controlPlane, { down: true, started: minutesAgo(minutes) })
  left = answers
  answer = () => Object.assign(controlPlane, { down: false, phase: 'running' })
  await fixture.home.setStatus(ref, { phase, conditions: [] }, run.signal)
  return fixture
}

describe('heal of a cluster whose API server is starting', () => {
  test.each<ClusterPhase>(['Scaling', 'Degraded', 'Ready'])('that is %s waits for it', async (phase) => {
    const fixture = await silentFixture(phase, 0, 4)
    const report = await fixture.clusters.heal(ref, run)
    expect(report).toMatchObject({ phase: 'Ready', failure: undefined })
    expect(await fixture.phase()).toBe('Ready')
  })

  test('waits for a pod that is on its way', async () => {
    const fixture = await silentFixture('Scaling', 0, 4)
    const node = fixture.nodes.nodes.get('q-cp-0')
    if (node !== undefined) Object.assign(node, { phase: 'deleting' })
    expect(await fixture.clusters.heal(ref, run)).toMatchObject({ phase: 'Ready', failure: undefined })
  })

  test('makes what has gone meanwhile', async () => {
    const fixture = await silentFixture('Scaling', 0)
    const { nodes } = fixture
    setTimeout(() => {
      const node = nodes.nodes.get('q-cp-0')
      if (node !== undefined) node.down = false
      nodes.loseAllButDisk('q-cp-0')
    }, 100)
    expect(await fixture.clusters.heal(ref, run)).toMatchObject({ phase: 'Ready', failure: undefined })
    expect(nodes.done).toEqual(['ensure q-cp-0'])
  })

  test('says at the end of its time what it waited for', async () => {
    const { clusters } = await silentFixture('Scaling', 0)
    await expect(clusters.heal(ref, { ...run, timeoutMs: 2_500 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining(
        'the API server of cluster "q" does not answer: node "q-cp-0" runs since',
      ) as string,
    })
  })
})

/** A cluster whose worker is gone, and whose first commands on what takes its place end with this code, or so. */
async function killedFixture(ending: number | KnestError, times: number): Promise<Fixture> {
  let left = 0
  const fixture = await createdFixture(persistent, (backend) => ({
    ...backend,
    openNode: async (...given) => {
      const node = await backend.openNode(...given)
      const isStart = (words: readonly string[]): boolean => words.some((word) => word.includes('kubelet'))
      return {
        ...node,
        execText: async (words, options) => {
          if (node.name !== 'q-worker-0' || !isStart(words) || left-- <= 0)
            return node.execText(words, options)
          if (ending instanceof KnestError) throw ending
          return { exitCode: ending, stdout: '', stderr: '' }
        },
      }
    },
  }))
  fixture.nodes.nodes.delete('q-worker-0')
  left = times
  return fixture
}

describe('heal beside a node that is started again while a command runs on it', () => {
  test.each([
    ['looks again', 137, 1, undefined],
    ['gives it up when that happens again and again', 137, 9, 137],
    ['does not try what fails', 1, 1, 1],
  ])('%s', async (_, exitCode, times, failure) => {
    const { clusters } = await killedFixture(exitCode, times)
    const report = await clusters.heal(ref, run)
    expect(report.failure).toEqual(
      failure === undefined ? undefined : expect.objectContaining({ exitCode: failure }),
    )
  })
})

describe('heal of a node that cannot be reached for a command', () => {
  const stopped = new KnestError(
    'host-unreachable',
    'command "bash" could not be run: cannot exec in a stopped state',
  )

  test('looks again until it can', async () => {
    const { clusters, phase } = await killedFixture(stopped, 4)
    const progress = recordingProgress()
    const report = await clusters.heal(ref, { ...run, progress })
    expect(report).toMatchObject({ phase: 'Ready', failure: undefined })
    expect(await phase()).toBe('Ready')
    expect(progress.notes).toContain(`${stopped.message}: looking again`)
  })

  test('says at the end of its time what it saw last', async () => {
    const { clusters } = await killedFixture(stopped, Infinity)
    await expect(clusters.heal(ref, { ...run, timeoutMs: 2_500 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('cannot exec in a stopped state') as string,
    })
  })
})

describe('heal of a cluster with a node that ends meanwhile', () => {
  /** Its worker ends when the cluster is looked at for the second time, and runs again some looks later, or never. */
  const endingFixture = async (looks: number): Promise<Fixture> => {
    let look = -Infinity
    let turn: (phase: 'pending' | 'running') => void = () => undefined
    const fixture = await createdFixture(persistent, (backend) => ({
      ...backend,
      listNodes: (...given) => {
        if (++look === 2) turn('pending')
        if (look === 2 + looks) turn('running')
        return backend.listNodes(...given)
      },
    }))
    look = 0
    turn = (phase) => Object.assign(fixture.nodes.nodes.get('q-worker-0') ?? {}, { phase })
    return fixture
  }

  test.each([1, 2, 3, 4])('waits for it, %i looks, and says how it is then', async (looks) => {
    const { clusters, phase } = await endingFixture(looks)
    expect(await clusters.heal(ref, run)).toMatchObject({ phase: 'Ready', failure: undefined })
    expect(await phase()).toBe('Ready')
  })

  test('says at the end of its time what it waited for', async () => {
    const { clusters } = await endingFixture(Infinity)
    await expect(clusters.heal(ref, { ...run, timeoutMs: 2_500 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining(
        'cluster "q" is not well again: node "q-worker-0" (the fake says so)',
      ) as string,
    })
  })

  test('does not wait for one that had ended before', async () => {
    const { clusters, nodes } = await endingFixture(Infinity)
    const worker = nodes.nodes.get('q-worker-0')
    if (worker !== undefined) worker.phase = 'pending'
    expect(await clusters.heal(ref, run)).toMatchObject({ phase: 'Degraded', failure: undefined })
  })
})

describe('heal of a cluster whose API server does not come by itself', () => {
  test('that is Scaling says why it has not healed it', async () => {
    const { clusters, phase } = await silentFixture('Scaling', 10)
    const report = await clusters.heal(ref, run)
    expect(report.failure).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining(
        'the API server of cluster "q" does not answer: node "q-cp-0" runs since',
      ) as string,
    })
    expect(await phase()).toBe('Scaling')
  })

  test('that was Ready says Degraded at once', async () => {
    const { clusters, phase } = await silentFixture('Ready', 10)
    expect(await clusters.heal(ref, run)).toMatchObject({ phase: 'Degraded', failure: undefined })
    expect(await phase()).toBe('Degraded')
  })
})
