import { beforeAll, describe, expect, it } from 'vitest'
import { machineAddresses } from './calico.js'
import { storyOf, tell, type Story, type Told } from './story.js'
import { timeline } from './timeline.js'
import { vmImageOf } from './vm-host.js'
import { warmUp } from './warm-up.js'

beforeAll(() => warmUp(), 60_000)

/** A cluster whose two nodes are VMs with disks that last and addresses that are kept, and a fault after ten minutes. */
function withFault(...names: readonly string[]): Story {
  const { spec } = storyOf(1)
  return {
    seed: 1,
    spec: {
      ...spec,
      vmImage: vmImageOf(spec.kubernetesVersion),
      controlPlane: { ...spec.controlPlane, count: 1, backend: 'vm' },
      workers: spec.workers.map((pool) => ({ ...pool, count: 1, backend: 'vm' })),
      persistence: { enabled: true, addresses: machineAddresses, hostClusterCni: 'calico' },
    },
    hasController: true,
    happenings: [
      { atMs: 0, kind: 'command', name: 'create', seed: 1 },
      ...names.map((name) => ({ atMs: 600_000, kind: 'fault', name, seed: 3 }) as const),
    ],
  }
}

function startsIn({ trace }: Told, node: string): readonly string[] {
  return trace.filter(({ who, what }) => who === node && what.startsWith('starts')).map(({ what }) => what)
}

describe('a story with VMs', () => {
  it('is the same each time it is told', async () => {
    const [first, second] = [await tell(withFault('VMI deleted')), await tell(withFault('VMI deleted'))]
    expect(timeline(second.trace)).toBe(timeline(first.trace))
  }, 120_000)

  it.each(['VMI deleted', 'VM deleted', 'VM stopped', 'guest reset', 'cloud-init Secret deleted'])(
    'keeps disk and address, and comes to rest: %s',
    async (fault) => {
      const told = await tell(withFault(fault))
      expect(told.trace.some(({ who, what }) => who === 'FAULT' && what.startsWith(fault))).toBe(true)
      expect(told.broken).toEqual([])
      expect(told.trace.at(-1)?.what).toBe('is at rest')
      for (const node of ['q-cp-0', 'q-worker-0'])
        expect(startsIn(told, node).slice(1)).not.toContain('starts with v1.35.4, disk empty')
    },
    120_000,
  )

  it('begins with a certain seed: those before have none', () => {
    const seeds = Array.from({ length: 50 }, (_, index) => index)
    const backends = (from: number): Set<string> =>
      new Set(seeds.map((index) => storyOf(from + index).spec.controlPlane.backend))
    expect(backends(1_795_969_950)).toEqual(new Set(['pod']))
    expect(backends(1_795_970_000)).toEqual(new Set(['pod', 'vm']))
  })
})
