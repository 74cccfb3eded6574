import { beforeAll, describe, expect, it } from 'vitest'
import { shownBy } from './known-faults.js'
import { createRandom } from './random.js'
import { storyOf, tell, type Story } from './story.js'
import { timeline } from './timeline.js'
import { warmUp } from './warm-up.js'

beforeAll(() => warmUp(), 60_000)

/** A cluster of one control plane and one worker, and what happens to it. */
function scripted(...happenings: Story['happenings']): Story {
  const { spec } = storyOf(1)
  const controlPlane = { ...spec.controlPlane, count: 1 }
  const create = { atMs: 0, kind: 'command', name: 'create', seed: 1 } as const
  return {
    seed: 1,
    spec: { ...spec, controlPlane, persistence: { enabled: true } },
    hasController: true,
    happenings: [create, ...happenings],
  }
}

describe('a story', () => {
  it('is the same each time it is told', async () => {
    const [first, second] = [await tell(storyOf(4)), await tell(storyOf(4))]
    expect(timeline(second.trace)).toBe(timeline(first.trace))
    expect(first.trace.length).toBeGreaterThan(50)
  }, 60_000)

  it('leaves the time of this process as it was', async () => {
    const before = Date.now()
    await tell(scripted())
    expect(Date.now() - before).toBeLessThan(60_000)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }, 60_000)

  it('without a fault ends with a cluster as its spec says', async () => {
    const { broken, trace } = await tell(scripted())
    expect(broken).toEqual([])
    expect(trace.map(({ what }) => what)).toContain('is at rest')
  }, 60_000)

  it('goes on with what a killed command began', async () => {
    const { broken, trace } = await tell(
      scripted({ atMs: 8_000, kind: 'fault', name: 'process killed', seed: 7 }),
    )
    expect(broken).toEqual([])
    expect(trace.at(-1)?.what).toBe('is at rest')
  }, 60_000)

  it('keeps a disk that lasts when its pod is deleted', async () => {
    const { broken, trace } = await tell(
      scripted({ atMs: 60_000, kind: 'fault', name: 'pod deleted', seed: 1 }),
    )
    expect(broken).toEqual([])
    expect(trace.filter(({ what }) => what.includes('is gone (bootstrapped)'))).toEqual([])
  }, 60_000)

  it('ends with a kubeconfig, also where somebody deleted it', async () => {
    const story = scripted({ atMs: 600_000, kind: 'fault', name: 'kubeconfig Secret deleted', seed: 1 })
    const { broken, trace } = await tell(story)
    expect(trace.map(({ what }) => what)).toContain('kubeconfig Secret deleted: q-kubeconfig')
    expect(broken).toEqual([])
  }, 60_000)

  it('brings the Node object of the only control plane back, whose disk goes with it', async () => {
    const story = scripted({ atMs: 600_000, kind: 'fault', name: 'Node object deleted', seed: 1 })
    const workers = story.spec.workers.map((pool) => ({ ...pool, count: 0 }))
    const alone = { ...story.spec, workers, persistence: { enabled: false } }
    const { broken, trace } = await tell({ ...story, spec: alone })
    expect(trace.map(({ what }) => what)).toContain('Node object deleted: q-cp-0')
    expect(broken).toEqual([])
    expect(trace.filter(({ what }) => what.includes('is gone (bootstrapped)'))).toEqual([])
  }, 60_000)
})

describe('random numbers', () => {
  it('follow from seed and stream', () => {
    const some = (seed: number, stream: number): number[] => {
      const random = createRandom(seed, stream)
      return [random.between(1, 1_000), random.between(1, 1_000), random.between(1, 1_000)]
    }
    expect(some(1, 0)).toEqual(some(1, 0))
    expect(some(1, 0)).not.toEqual(some(2, 0))
    expect(some(1, 0)).not.toEqual(some(1, 1))
  })
})

describe('what a story shows', () => {
  it('is its first broken promise: the others may follow from it', () => {
    const fault = { key: 'a', promise: 'authorities stay', text: /made new/ }
    const known = { promise: 'authorities stay', text: 'somebody made new authorities', atMs: 1 }
    const other = { promise: 'it comes to rest', text: 'it does not', atMs: 2 }
    expect(shownBy([known, other], [fault])).toEqual({ known: fault, news: [] })
    expect(shownBy([other, known], [fault])).toEqual({ known: undefined, news: [other, known] })
    expect(shownBy([], [fault])).toEqual({ known: undefined, news: [] })
  })
})
