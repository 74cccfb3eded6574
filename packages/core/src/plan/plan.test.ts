import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planRenewal } from '../certificates/plan.js'
import type { ClusterRef } from '../contracts/cluster.js'
import { fakeSpec as spec } from './fake-spec.js'
import { lastingNodes } from './lasting-nodes.js'
import { nothing } from './observed.js'
import type { ObservedCluster, ObservedNode } from './observed.js'
import type { DiskState } from '../node/disk.js'
import { planCluster, planRemoval } from './plan.js'
import type { Step } from './step.js'

const ref: ClusterRef = { name: 'c', namespace: 'knest-c' }

function node(name: string, ...given: [DiskState | undefined] | []): ObservedNode {
  const disk = given.length === 0 ? 'bootstrapped' : given[0]
  const controlPlane = name.includes('-cp-')
  return {
    name,
    role: controlPlane ? 'control-plane' : 'worker',
    pool: controlPlane ? 'cp' : 'worker',
    backend: 'pod',
    phase: disk === undefined ? 'pending' : 'running',
    disk,
  }
}

function observed(names: readonly string[], more: Partial<ObservedCluster> = {}): ObservedCluster {
  return { nodes: names.map((name) => node(name)), members: names, addonsInstalled: true, ...more }
}

const ids = (steps: readonly Step[]): readonly string[] => steps.map(({ id }) => id)

describe('planCluster', () => {
  it('creates everything when there is nothing', () => {
    expect(ids(planCluster(ref, spec(1, 1), nothing))).toEqual([
      'addresses',
      'authorities',
      'node:c-cp-0',
      'node:c-worker-0',
      'boot:c-cp-0',
      'api',
      'finish:c-cp-0',
      'addons',
      'join:c-worker-0',
      'kubeconfig',
      'ready',
    ])
  })

  it('only looks when the cluster is as desired', () => {
    const steps = planCluster(ref, spec(1, 1), observed(['c-cp-0', 'c-worker-0']))
    expect(ids(steps)).toEqual(['addresses', 'authorities', 'api', 'kubeconfig', 'ready'])
  })

  it.each([
    ['are not there yet', nothing, []],
    ['are there', observed(['c-cp-0', 'c-worker-0']), ['c-cp-0', 'c-worker-0']],
    ['are there, and a new one comes', observed(['c-cp-0']), ['c-cp-0']],
    [
      'cannot be asked, as after a pause',
      { ...observed([]), nodes: [node('c-cp-0', undefined)], members: undefined },
      ['c-cp-0', 'c-worker-0'],
    ],
  ] as const)(
    'of nodes that %s the last word of a kubelet before counts for nothing',
    (_what, found, again) => {
      expect(planCluster(ref, spec(1, 1), found).at(-1)).toMatchObject({ kind: 'await-ready', again })
    },
  )

  it.each([
    ['named and missing', { storage: 'local-path' }, false, true],
    ['named and there', { storage: 'local-path' }, true, false],
    ['named, and nobody knows', { storage: 'local-path' }, undefined, false],
    ['not named, as in the record of a knest that had none', undefined, false, false],
    ['not wanted', { storage: 'none' }, false, false],
  ] as const)('installs storage in a cluster that is there: %s', (_, addons, storage, isInstalled) => {
    const wanted = { ...spec(1, 1), ...(addons === undefined ? {} : { addons }) }
    const steps = ids(planCluster(ref, wanted, observed(['c-cp-0', 'c-worker-0'], { storage })))
    expect(steps.includes('storage')).toBe(isInstalled)
  })

  it('adds and removes workers side by side', () => {
    const up = ids(planCluster(ref, spec(1, 3), observed(['c-cp-0', 'c-worker-0'])))
    expect(up).toEqual(
      expect.arrayContaining(['node:c-worker-1', 'node:c-worker-2', 'join:c-worker-1', 'join:c-worker-2']),
    )
    const down = planCluster(ref, spec(1, 0), observed(['c-cp-0', 'c-worker-0', 'c-worker-1']))
    const removals = down.filter(({ kind }) => kind === 'remove-node')
    expect(removals.map(({ needs }) => needs)).toEqual([['api'], ['api']])
  })

  it('takes control planes away one after another, newest first, after new ones have joined', () => {
    const steps = planCluster(ref, spec(1, 0), observed(['c-cp-0', 'c-cp-1', 'c-cp-2']))
    const removals = steps.filter(({ kind }) => kind === 'remove-node')
    expect(removals.map(({ id, needs }) => [id, needs])).toEqual([
      ['remove:c-cp-2', ['api']],
      ['remove:c-cp-1', ['remove:c-cp-2']],
    ])
  })

  it('joins further control planes one after another', () => {
    const steps = planCluster(ref, spec(3, 0), observed(['c-cp-0']))
    expect(steps.find(({ id }) => id === 'join:c-cp-2')?.needs).toContain('join:c-cp-1')
    expect(steps.find(({ id }) => id === 'join:c-cp-1')?.needs).toContain('api')
  })

  it('begins a new cluster on all its control planes together', () => {
    const steps = planCluster(ref, spec(3, 0), nothing)
    const initialMembers = ['c-cp-0', 'c-cp-1', 'c-cp-2']
    expect(steps.filter(({ kind }) => kind === 'boot-control-plane')).toMatchObject([
      { node: 'c-cp-0', initialMembers, needs: ['node:c-cp-0', 'authorities'] },
      { node: 'c-cp-1', initialMembers },
      { node: 'c-cp-2', initialMembers },
    ])
    expect(steps.filter(({ kind }) => kind === 'finish-control-plane')).toMatchObject([
      { node: 'c-cp-0', first: true, needs: ['api'] },
      { node: 'c-cp-1', first: false, needs: ['finish:c-cp-0'] },
      { node: 'c-cp-2', first: false },
    ])
  })

  it('finishes an initial member whose creation was interrupted; an empty one joins', () => {
    const nodes = [node('c-cp-0'), node('c-cp-1', 'founder'), node('c-cp-2', 'empty')]
    const steps = planCluster(
      ref,
      spec(3, 0),
      observed([], { nodes, members: ['c-cp-0', 'c-cp-1', 'c-cp-2'] }),
    )
    expect(ids(steps)).toEqual(expect.arrayContaining(['finish:c-cp-1', 'forget:c-cp-2', 'join:c-cp-2']))
    expect(ids(steps)).not.toContain('forget:c-cp-1')
  })

  it.each([
    ['alone', ['c-cp-0'], ['c-cp-0'], ['c-cp-1', 'c-cp-2']],
    ['with another', ['c-cp-0', 'c-cp-1'], ['c-cp-0', 'c-cp-1'], ['c-cp-2']],
    ['with all', ['c-cp-0', 'c-cp-1', 'c-cp-2'], ['c-cp-0', 'c-cp-1', 'c-cp-2'], []],
    ['with it is not known whom', undefined, ['c-cp-0', 'c-cp-1', 'c-cp-2'], []],
  ])('an etcd that began %s gets no second one beside it', (_, initialMembers, begin, join) => {
    const nodes = [{ ...node('c-cp-0', 'founder'), initialMembers }, node('c-cp-1', 'empty')]
    const steps = planCluster(ref, spec(3, 0), observed([], { nodes }))
    const boots = steps.flatMap((step) => (step.kind === 'boot-control-plane' ? [step] : []))
    expect(boots.map((step) => step.node)).toEqual(begin)
    for (const step of boots) expect(step.initialMembers).toEqual(begin)
    const joins = steps.flatMap((step) => (step.kind === 'join-control-plane' ? [step] : []))
    expect(joins.map((step) => step.node)).toEqual(join)
    for (const [index, step] of joins.entries())
      expect(step.needs).toContain(index === 0 ? 'finish:c-cp-0' : `join:${joins[index - 1]?.node ?? ''}`)
  })

  it('what an initial member was started with may be gone: it is started again, and then finished', () => {
    const began = ['c-cp-0', 'c-cp-1', 'c-cp-2']
    const nodes = [
      node('c-cp-0'),
      ...began.slice(1).map((name) => ({ ...node(name, 'founder'), initialMembers: began })),
    ]
    const steps = planCluster(ref, spec(3, 0), observed([], { nodes, members: undefined }))
    expect(steps.find(({ id }) => id === 'api')?.needs).toEqual(
      expect.arrayContaining(['boot:c-cp-1', 'boot:c-cp-2']),
    )
    expect(steps.find(({ id }) => id === 'boot:c-cp-2')).toMatchObject({
      initialMembers: began,
      begins: false,
    })
    expect(steps.find(({ id }) => id === 'finish:c-cp-2')?.needs).toContain('api')
  })

  const kindsOf = (steps: readonly Step[], kind: Step['kind']): readonly string[] =>
    steps.flatMap((step) =>
      step.kind === kind && 'node' in step && typeof step.node === 'string' ? [step.node] : [],
    )
  const began = { initialMembers: ['c-cp-0', 'c-cp-1', 'c-cp-2'] }

  it.each([
    ['two have what they had: the other joins', ['founder', 'founder', 'empty'], [0, 1], [], [2]],
    ['one of them may have it', ['founder', undefined, 'empty'], [0, 1], [], [2]],
    ['nobody can have it: all begin anew', ['founder', 'empty', 'empty'], [0, 1, 2], [0, 1, 2], []],
    ['all have it', ['founder', 'founder', 'founder'], [0, 1, 2], [], []],
  ] as const)('of an etcd that three began, %s', (_, disks, boots, resets, joins) => {
    const nodes = disks.map((disk, index) => ({
      ...node(`c-cp-${index}`),
      disk,
      ...(disk === 'founder' ? began : {}),
    }))
    const steps = planCluster(ref, spec(3, 0), observed([], { nodes, members: undefined }))
    const names = (indexes: readonly number[]): readonly string[] => indexes.map((index) => `c-cp-${index}`)
    expect(kindsOf(steps, 'boot-control-plane')).toEqual(names(boots))
    expect(kindsOf(steps, 'reset-control-plane')).toEqual(names(resets))
    expect(kindsOf(steps, 'join-control-plane')).toEqual(names(joins))
    for (const step of steps)
      if (step.kind === 'boot-control-plane')
        expect(step).toMatchObject({
          needs: expect.arrayContaining(resets.map((index) => `reset:c-cp-${index}`)) as unknown,
          // Who boots again knows the members that the others know.
          initialMembers: names([0, 1, 2]),
        })
  })

  it.each([
    ['that is set up', 'running', 'bootstrapped', undefined, false],
    ['while the API server answers', 'pending', undefined, ['c-cp-0'], false],
    ['while it does not: etcd may lack it', 'pending', undefined, undefined, true],
  ] as const)('makes no control plane that is to go once more, %s', (_, phase, disk, members, isMade) => {
    const leaving = { ...node('c-cp-1'), phase, disk }
    const nodes = [node('c-cp-0'), leaving]
    const persistence = { enabled: true }
    const steps = planCluster(ref, { ...spec(1, 0), persistence }, observed([], { nodes, members }))
    expect(ids(steps).includes('node:c-cp-1')).toBe(isMade)
    const remove = steps.find(({ id }) => id === 'remove:c-cp-1')
    expect(remove?.needs.includes('node:c-cp-1')).toBe(isMade)
  })

  it.each([
    ['is to join', 3, undefined, 'empty', true, ['node:c-cp-1'], true],
    ['is to go', 1, undefined, 'empty', true, [], true],
    ['has no data', 3, undefined, 'empty', false, [], false],
    ['is set up', 3, undefined, 'bootstrapped', true, [], false],
    ['is asked while the API answers', 3, ['c-cp-0'], 'empty', true, [], false],
  ] as const)(
    'starts etcd of a control plane whose join was cut off when it had a vote, and that %s',
    (_, count, members, disk, hasMember, made, isStarted) => {
      const nodes = [node('c-cp-0'), { ...node('c-cp-1', disk), hasMember }]
      const steps = planCluster(ref, spec(count, 0), observed([], { nodes, members }))
      const start = steps.find(({ kind }) => kind === 'start-member')
      expect(start?.needs).toEqual(isStarted ? ['addresses', 'authorities', ...made] : undefined)
      if (isStarted) expect(steps.find(({ id }) => id === 'api')?.needs).toContain('start:c-cp-1')
    },
  )

  it('takes a worker away from a cluster that begins when a control plane is set up', () => {
    const nodes = [node('c-cp-0', 'empty'), node('c-worker-0')]
    const steps = planCluster(ref, spec(1, 0), observed([], { nodes, members: undefined }))
    expect(steps.find(({ id }) => id === 'remove:c-worker-0')?.needs).toEqual(['api', 'finish:c-cp-0'])
  })

  it('begins anew when the disk names others', () => {
    const nodes = [{ ...node('c-cp-0', 'founder'), initialMembers: ['c-cp-3'] }]
    const steps = planCluster(ref, spec(1, 0), observed([], { nodes, members: undefined }))
    expect(kindsOf(steps, 'reset-control-plane')).toEqual(['c-cp-0'])
    expect(kindsOf(steps, 'boot-control-plane')).toEqual(['c-cp-0'])
  })

  it.each([
    ['nothing', 'empty', undefined],
    ['what was begun', 'founder', undefined],
    ['what was begun, and its API answers', 'founder', []],
  ] as const)('a worker registers with a cluster that begins anew on %s', (_, disk, members) => {
    const nodes = [node('c-cp-0', disk), node('c-worker-0'), node('c-worker-1', 'empty')]
    const steps = planCluster(ref, spec(1, 2), observed([], { nodes, members }))
    expect(kindsOf(steps, 'register-node')).toEqual(['c-worker-0'])
    expect(kindsOf(steps, 'start-worker')).toEqual(['c-worker-1'])
  })

  it('has a node register again whose Node object is gone', () => {
    const nodes = [node('c-cp-0'), node('c-worker-0'), { ...node('c-worker-1'), upgrading: true }]
    const register = (members: readonly string[] | undefined): readonly string[] =>
      kindsOf(planCluster(ref, spec(1, 2), observed([], { nodes, members })), 'register-node')
    expect(register(['c-cp-0'])).toEqual(['c-worker-0'])
    expect(register([])).toEqual(['c-cp-0', 'c-worker-0'])
    expect(register(['c-cp-0', 'c-worker-0', 'c-worker-1'])).toEqual([])
    expect(register(undefined)).toEqual([])
  })

  it('fills gaps before it takes new numbers, and keeps what is there', () => {
    const steps = planCluster(ref, spec(1, 3), observed(['c-cp-0', 'c-worker-0', 'c-worker-2']))
    expect(ids(steps)).toContain('node:c-worker-1')
    expect(ids(steps)).not.toContain('node:c-worker-3')
  })

  it('rejoins a node whose disk is gone and forgets its old Node object first', () => {
    const there = observed(['c-cp-0'], {
      nodes: [node('c-cp-0'), node('c-worker-0', 'empty')],
      members: ['c-cp-0', 'c-worker-0'],
    })
    const steps = planCluster(ref, spec(1, 1), there)
    expect(steps.find(({ id }) => id === 'join:c-worker-0')?.needs).toContain('forget:c-worker-0')
  })

  it('forgets the Node object of a node of which nothing was left before it joins anew', () => {
    const there = observed(['c-cp-0', 'c-cp-1'], { members: ['c-cp-0', 'c-cp-1', 'c-cp-2', 'c-worker-0'] })
    const steps = planCluster(ref, spec(3, 1), there)
    for (const name of ['c-cp-2', 'c-worker-0'])
      expect(steps.find(({ id }) => id === `join:${name}`)?.needs).toContain(`forget:${name}`)
  })

  it('asks a node that comes back whether its disk was kept before it forgets its Node object', () => {
    const there = observed(['c-cp-0'], { members: ['c-cp-0', 'c-worker-0', 'gone'] })
    const steps = planCluster(ref, spec(1, 1), there)
    expect(steps.find(({ id }) => id === 'forget:c-worker-0')?.needs).toEqual(['api', 'node:c-worker-0'])
    expect(steps.find(({ id }) => id === 'forget:gone')?.needs).toEqual(['api'])
  })

  it('leaves the Node object of a node alone that cannot be asked now', () => {
    const there = observed(['c-cp-0'], {
      nodes: [node('c-cp-0'), node('c-worker-0', undefined)],
      members: ['c-cp-0', 'c-worker-0'],
    })
    expect(ids(planCluster(ref, spec(1, 1), there))).not.toContain('forget:c-worker-0')
  })

  it('forgets Node objects nobody stands behind', () => {
    const steps = planCluster(ref, spec(1, 0), observed(['c-cp-0'], { members: ['c-cp-0', 'gone'] }))
    expect(ids(steps)).toContain('forget:gone')
  })
})

describe('certificates', () => {
  const list = {
    unfinished: [],
    certificates: [
      {
        node: 'c-cp-0',
        name: 'apiserver',
        expires: '2027-11-21T08:00:00Z',
        daysLeft: 365,
        ca: 'ca',
        renewedBy: 'knest' as const,
      },
    ],
  }
  const stepsOn = (day: string): readonly Step[] =>
    planCluster(ref, spec(1, 1), {
      ...observed(['c-cp-0', 'c-worker-0']),
      renewal: planRenewal(list, new Date(`${day}T08:00:00Z`)),
    })

  it('are left alone until a month before their end', () => {
    expect(ids(stepsOn('2027-10-20'))).not.toContain('certificates')
  })

  it.each(['2027-10-23', '2028-02-01'])('are renewed on %s, before the API is asked', (day) => {
    const steps = stepsOn(day)
    expect(ids(steps)).toContain('certificates')
    expect(steps.find(({ id }) => id === 'api')?.needs).toContain('certificates')
  })
})

describe('names that the certificate of the API lacks', () => {
  const plan = (nodes: readonly string[]): readonly Step[] =>
    planCluster(ref, spec(1, 1), {
      ...observed(['c-cp-0', 'c-cp-1', 'c-worker-0']),
      unnamed: { nodes, names: ['192.0.2.7'] },
    })

  it('are given to control planes that stay, when the API answers, before the kubeconfig says them', () => {
    const steps = plan(['c-cp-0', 'c-cp-1'])
    const step = steps.find(({ kind }) => kind === 'serve-names')
    expect(step).toMatchObject({ unnamed: { nodes: ['c-cp-0'], names: ['192.0.2.7'] } })
    expect(step?.needs).toContain('api')
    expect(steps.find(({ kind }) => kind === 'save-kubeconfig')?.needs).toContain(step?.id)
  })

  it('are nothing to do where only those lack them that go', () => {
    expect(plan(['c-cp-1']).some(({ kind }) => kind === 'serve-names')).toBe(false)
  })
})

describe('every plan', () => {
  const cluster = fc.record({
    controlPlanes: fc.constantFrom(1, 3, 5),
    workers: fc.integer({ min: 0, max: 6 }),
    existing: fc.uniqueArray(
      fc.tuple(
        fc.constantFrom('cp', 'worker'),
        fc.integer({ min: 0, max: 8 }),
        fc.constantFrom<DiskState | undefined>('bootstrapped', 'founder', 'empty', undefined),
      ),
      {
        selector: ([pool, index]) => `${pool}${index}`,
        maxLength: 8,
      },
    ),
    answers: fc.boolean(),
    addonsInstalled: fc.boolean(),
  })

  it('has unique steps whose needs are in it, without circles, and ends as desired', () => {
    fc.assert(
      fc.property(cluster, ({ controlPlanes, workers, existing, answers, addonsInstalled }) => {
        const nodes = existing.map(([pool, index, disk]) => node(`c-${pool}-${index}`, disk))
        const there = { nodes, members: answers ? nodes.map(({ name }) => name) : undefined, addonsInstalled }
        const steps = planCluster(ref, spec(controlPlanes, workers), there)
        expect(new Set(ids(steps)).size).toBe(steps.length)
        expect(ordered(steps)).toBe(true)

        const removed = steps.flatMap((step) => (step.kind === 'remove-node' ? [step.node] : []))
        const added = steps.flatMap((step) => (step.kind === 'ensure-node' ? [step.node.name] : []))
        const after = new Set([...nodes.map(({ name }) => name), ...added])
        for (const name of removed) after.delete(name)
        const desired = lastingNodes(ref, spec(controlPlanes, workers), there).map(({ name }) => name)
        expect([...after].sort()).toEqual([...desired].sort())
      }),
    )
  })
})

/** True when the steps can be run: every need is met by a step, and none waits for itself. */
function ordered(steps: readonly Step[]): boolean {
  const done = new Set<string>()
  for (;;) {
    const next = steps.filter((step) => !done.has(step.id) && step.needs.every((id) => done.has(id)))
    if (next.length === 0) return done.size === steps.length
    for (const { id } of next) done.add(id)
  }
}

describe('planRemoval', () => {
  it('deletes all nodes at once and the record last', () => {
    const steps = planRemoval(ref, [{ name: 'c-cp-0' }, { name: 'c-worker-0' }], false)
    expect(steps.map(({ id, needs }) => [id, needs.length])).toEqual([
      ['delete:c-cp-0', 0],
      ['delete:c-worker-0', 0],
      ['record', 2],
    ])
  })

  it('keeps the record with the data', () => {
    const steps = planRemoval(ref, [{ name: 'c-cp-0' }], true)
    expect(steps).toMatchObject([{ kind: 'delete-node', keepData: true }])
  })
})
