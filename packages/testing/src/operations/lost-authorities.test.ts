import { describe, expect, test } from 'vitest'
import type { Clusters, ClusterSpec } from '@knest/core'
import {
  createFixture,
  createdFixture,
  never,
  persistent,
  recordingProgress,
  ref,
  run,
  spec,
  withWorkers,
  type Fixture,
} from './fixture.js'

const three: ClusterSpec = { ...spec, controlPlane: { ...spec.controlPlane, count: 3 } }

/** Whatever works on a cluster that was set up. */
const operations: readonly (readonly [string, (clusters: Clusters) => Promise<unknown>])[] = [
  ['scale', (clusters) => clusters.scale(ref, { pools: { worker: 2 } }, run)],
  ['apply', (clusters) => clusters.apply(ref, withWorkers(2), run)],
  ['heal', (clusters) => clusters.heal(ref, run)],
  ['reconcile', (clusters) => clusters.reconcile(ref, run)],
]
const plans: readonly (readonly [string, (clusters: Clusters) => Promise<unknown>])[] = [
  ['planScale', (clusters) => clusters.planScale(ref, { pools: { worker: 2 } }, run)],
  ['planApply', (clusters) => clusters.planApply(ref, withWorkers(2), run)],
]

async function lost(of = spec): Promise<Fixture & { readonly before: { ca: string; kubeconfig: string } }> {
  const fixture = await createdFixture(of)
  const authorities = await fixture.home.readAuthorities(ref, never)
  const kubeconfig = await fixture.home.readKubeconfig(ref, never)
  fixture.home.loseAuthorities(ref)
  return { ...fixture, before: { ca: authorities?.ca.cert ?? '', kubeconfig: kubeconfig ?? '' } }
}

describe('a cluster whose home has lost its authorities', () => {
  test.each(operations)('%s takes them back from a running control plane', async (_, operation) => {
    const { clusters, home, before } = await lost()
    await operation(clusters)
    expect((await home.readAuthorities(ref, never))?.ca.cert).toBe(before.ca)
    expect((await clusters.kubeconfig(ref, never)).kubeconfig).toContain(
      Buffer.from(before.ca).toString('base64'),
    )
  })

  test.each(plans)('%s sees the cluster as it is, and writes nothing', async (_, plan) => {
    const { clusters, home, nodes } = await lost()
    const found = JSON.stringify(await plan(clusters))
    expect(found).toContain('Create node \\"q-worker-1')
    expect(found).not.toContain('node \\"q-cp-0')
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
    expect(nodes.done).toEqual([])
  })

  test.each([...operations, ...plans])('%s makes no others when nobody has them', async (_, operation) => {
    const { clusters, home, nodes, before } = await lost()
    const first = nodes.nodes.get('q-cp-0')
    if (first !== undefined) first.authorities = undefined
    await expect(operation(clusters)).rejects.toMatchObject({
      code: 'prerequisite',
      message: expect.stringContaining('no control plane has them') as string,
      hint: expect.stringContaining('backup') as string,
    })
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
    expect(await home.readKubeconfig(ref, never)).toBe(before.kubeconfig)
    expect(nodes.done).toEqual([])
  })

  test.each([
    ['set up', 'bootstrapped', false],
    ['empty', 'empty', true],
  ] as const)(
    'status says so first, and the cluster itself, with disks that are %s',
    async (_, disk, isOver) => {
      const { clusters, home, nodes } = await lost()
      for (const node of nodes.nodes.values()) Object.assign(node, { authorities: undefined, disk })
      const { problems } = await clusters.status(ref, never)
      expect(problems[0]).toMatchObject({
        severity: 'error',
        message: expect.stringContaining('no control plane has them') as string,
      })
      expect(problems[0]?.hint.includes('`knest delete q -n knest-q`, then create it again')).toBe(isOver)
      await expect(clusters.heal(ref, run)).rejects.toMatchObject({ code: 'prerequisite' })
      expect(await home.read(ref, never)).toMatchObject({
        phase: 'Degraded',
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'Healthy', status: 'False', reason: 'AuthoritiesGone' }),
        ]) as unknown,
      })
    },
  )

  test('the kubeconfig is still to be had, and says who has them when it is not', async () => {
    const { clusters, nodes, before } = await lost()
    const { kubeconfig } = await clusters.kubeconfig(ref, never)
    expect(kubeconfig).toContain(Buffer.from(before.ca).toString('base64'))
    const first = nodes.nodes.get('q-cp-0')
    if (first !== undefined) first.phase = 'pending'
    await expect(clusters.kubeconfig(ref, never)).rejects.toThrow('does not answer: "q-cp-0"')
  })

  test('those of a paused cluster come back with its disks', async () => {
    const { clusters, home } = await createdFixture(persistent)
    const before = await home.readAuthorities(ref, never)
    await clusters.pause(ref, run)
    home.loseAuthorities(ref)
    await clusters.resume(ref, run)
    expect(await home.readAuthorities(ref, never)).toEqual(before)
  })

  test('those of a cluster that was deleted but for its data come back with its disks', async () => {
    const { clusters, home } = await createdFixture(persistent)
    const before = await home.readAuthorities(ref, never)
    await clusters.delete(ref, { ...run, keepData: true })
    home.loseAuthorities(ref)
    await clusters.create(ref, persistent, run)
    expect(await home.readAuthorities(ref, never)).toEqual(before)
  })

  test('those of different control planes are taken from none', async () => {
    const { clusters, home, nodes } = await createdFixture(three)
    const other = createFixture()
    await other.clusters.create(ref, spec, run)
    home.loseAuthorities(ref)
    const second = nodes.nodes.get('q-cp-1')
    if (second !== undefined) second.authorities = await other.home.readAuthorities(ref, never)
    await expect(clusters.heal(ref, run)).rejects.toThrow(
      'control planes "q-cp-0" and "q-cp-1" have different ones',
    )
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
  })

  test('those that the stored kubeconfig does not trust are not taken', async () => {
    const { clusters, home, nodes } = await lost()
    const other = createFixture()
    await other.clusters.create(ref, spec, run)
    const first = nodes.nodes.get('q-cp-0')
    if (first !== undefined) first.authorities = await other.home.readAuthorities(ref, never)
    await expect(clusters.heal(ref, run)).rejects.toThrow('are not the ones that Secret "q-kubeconfig"')
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
  })

  test('a key that is not that of its certificate is not taken', async () => {
    const { clusters, home, nodes } = await lost()
    const first = nodes.nodes.get('q-cp-0')
    if (first?.authorities !== undefined)
      first.authorities = { ...first.authorities, ca: { ...first.authorities.ca, key: 'torn' } }
    await expect(clusters.heal(ref, run)).rejects.toThrow('key and certificate of "ca" do not fit')
    expect(await home.readAuthorities(ref, never)).toBeUndefined()
  })

  test('a create that was interrupted goes on with those it began with', async () => {
    const { clusters, home, nodes } = createFixture()
    nodes.before = (what) =>
      what === 'join q-worker-0' ? Promise.reject(new Error('killed')) : Promise.resolve()
    await expect(clusters.create(ref, spec, run)).rejects.toThrow('killed')
    const before = await home.readAuthorities(ref, never)
    home.loseAuthorities(ref)
    nodes.before = () => Promise.resolve()
    const progress = recordingProgress()
    await clusters.create(ref, spec, { ...run, progress })
    expect(await home.readAuthorities(ref, never)).toEqual(before)
    expect(progress.warnings).toEqual([expect.stringContaining('were taken back from a control plane')])
  })

  test('a create that was interrupted and cannot go on without them is told so, with the way on', async () => {
    const { clusters, home, nodes } = createFixture()
    nodes.before = (what) =>
      what === 'join q-worker-0' ? Promise.reject(new Error('killed')) : Promise.resolve()
    await expect(clusters.create(ref, spec, run)).rejects.toThrow('killed')
    home.loseAuthorities(ref)
    const [first, worker] = ['q-cp-0', 'q-worker-0'].map((name) => nodes.nodes.get(name))
    Object.assign(first ?? {}, { disk: 'empty', authorities: undefined })
    Object.assign(worker ?? {}, { disk: 'bootstrapped' })
    expect((await clusters.status(ref, never)).problems).toEqual([
      expect.objectContaining({
        severity: 'error',
        message: expect.stringContaining('no control plane has them') as string,
        hint: expect.stringContaining('`knest delete q -n knest-q`, then create it again') as string,
      }),
    ])
  })
})

describe('the stored kubeconfig', () => {
  test('is not overwritten with one that no API server accepts', async () => {
    const { clusters, home, record } = await createdFixture()
    const other = createFixture()
    await other.clusters.create(ref, spec, run)
    const strange = await other.home.readAuthorities(ref, never)
    const before = await home.readKubeconfig(ref, never)
    home.loseAuthorities(ref)
    if (strange !== undefined) await home.saveAuthorities(await record(), strange, never)
    await expect(clusters.scale(ref, { pools: { worker: 1 } }, { ...run, timeoutMs: 5_000 })).rejects.toThrow(
      'are of different certificate authorities',
    )
    expect(await home.readKubeconfig(ref, never)).toBe(before)
  })

  test('that trusts another authority than the API server does is replaced', async () => {
    const { clusters, home, record } = await createdFixture()
    const before = await home.readKubeconfig(ref, never)
    const other = createFixture()
    await other.clusters.create(ref, spec, run)
    await home.saveKubeconfig(await record(), (await other.home.readKubeconfig(ref, never)) ?? '', never)
    await clusters.scale(ref, { pools: { worker: 1 } }, run)
    const authority = (text = ''): string | undefined => /certificate-authority-data: .+/.exec(text)?.[0]
    expect(authority(await home.readKubeconfig(ref, never))).toBe(authority(before))
  })
})
