import { beforeAll, expect, it } from 'vitest'
import { storyOf, tell } from './story.js'
import { warmUp } from './warm-up.js'

beforeAll(() => warmUp(), 60_000)

const killed = 'process killed: create-0'
const firstPod = 'pod deleted: q-cp-0-0'

interface Case {
  readonly controlPlanes: number
  /** Time, name and seed of each fault, and what it does. */
  readonly faults: readonly (readonly [number, string, number, string])[]
  /** What the user types then. */
  readonly typed: readonly string[]
}

// The disks of these control planes go with their pods.
it.each<[string, Case]>([
  [
    'its control plane: it begins anew, and its worker registers with the new one',
    {
      controlPlanes: 1,
      faults: [
        [15_500, 'process killed', 1, killed],
        [16_500, 'pod deleted', 2, firstPod],
      ],
      typed: ['create'],
    },
  ],
  [
    'its control plane and its authorities: it is deleted',
    {
      controlPlanes: 1,
      faults: [
        [12_000, 'process killed', 1, killed],
        [13_000, 'authorities deleted', 1, 'authorities deleted: q-pki'],
        [14_000, 'pod deleted', 2, firstPod],
      ],
      typed: ['create', 'create', 'delete'],
    },
  ],
  [
    'two of three control planes: it is deleted',
    {
      controlPlanes: 3,
      faults: [
        [14_500, 'process killed', 1, killed],
        [16_000, 'pod deleted', 1, 'pod deleted: q-cp-1-0'],
        [16_500, 'pod deleted', 5, 'pod deleted: q-cp-2-0'],
      ],
      typed: ['create', 'create', 'delete'],
    },
  ],
])(
  'a creation that is cut off and loses %s',
  async (_, { controlPlanes, faults, typed }) => {
    const { spec } = storyOf(1)
    const struck = faults.map(([atMs, name, seed]) => ({ atMs, kind: 'fault', name, seed }) as const)
    const { broken, trace } = await tell({
      seed: 1,
      spec: {
        ...spec,
        controlPlane: { ...spec.controlPlane, count: controlPlanes },
        workers: spec.workers.map((pool) => ({ ...pool, count: 1 })),
        persistence: { enabled: false },
      },
      hasController: false,
      happenings: [{ atMs: 0, kind: 'command', name: 'create', seed: 1 }, ...struck],
    })
    const said = (by: string): readonly string[] =>
      trace.flatMap(({ who, what }) => (who === by ? [what] : []))
    expect(said('FAULT')).toEqual(faults.map(([, , , what]) => what))
    expect(said('user')).toEqual(typed.map((command) => `status says: ${command}`))
    expect(broken).toEqual([])
  },
  60_000,
)
