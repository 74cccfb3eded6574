import { KnestError } from '@knest/core'
import { describe, expect, test, vi } from 'vitest'
import { createFixture, createdFixture, never, ref, run, spec } from './fixture.js'

describe('find', () => {
  const team = { name: 'q', namespace: 'team' }
  const other = { name: 'q', namespace: 'other' }

  test('prefers the namespace of its own to all others', async () => {
    const { clusters, home } = createFixture()
    for (const each of [team, ref, other]) await home.create(each, spec, never)
    expect(await clusters.find('q', undefined, never)).toEqual(ref)
  })

  test('finds the only one of that name anywhere', async () => {
    const { clusters, home } = createFixture()
    await home.create(team, spec, never)
    await home.create({ name: 'p', namespace: 'team' }, spec, never)
    expect(await clusters.find('q', undefined, never)).toEqual(team)
  })

  test('names the namespaces when there are several', async () => {
    const { clusters, home } = createFixture()
    for (const each of [team, other]) await home.create(each, spec, never)
    await expect(clusters.find('q', undefined, never)).rejects.toMatchObject({
      code: 'usage',
      message: 'there are 2 clusters named "q"',
      hint: 'choose one with -n: "team", "other"',
    })
  })

  test('looks nowhere else than in the namespace it is given', async () => {
    const { clusters, home } = createFixture()
    await home.create(team, spec, never)
    expect(await clusters.find('q', 'team', never)).toEqual(team)
    await expect(clusters.find('q', 'other', never)).rejects.toMatchObject({
      code: 'not-found',
      message: 'there is no cluster "q" in namespace "other"',
    })
  })

  test('a list counts what the host says, also of clusters that are half made', async () => {
    const { clusters, home, nodes } = await createdFixture()
    await home.create(team, spec, never)
    const worker = nodes.nodes.get('q-worker-0')
    if (worker !== undefined) worker.phase = 'pending'
    expect(await clusters.list(undefined, never)).toMatchObject([
      { ...ref, phase: 'Ready', controlPlane: { desired: 1, ready: 1 }, workers: { desired: 1, ready: 0 } },
      { ...team, phase: 'Creating', controlPlane: { desired: 1, ready: 0 } },
    ])
    expect(await clusters.list('team', never)).toHaveLength(1)
  })
})

describe('a list of all namespaces', () => {
  const other = { name: 'p', namespace: 'knest-p' }
  const forbidden = new KnestError('not-permitted', 'pods is forbidden')

  test.each([
    ['asks once for the nodes of all clusters', undefined, 0],
    ['asks for them one by one where this user may not look into all namespaces', forbidden, 2],
  ])('%s', async (_title, refused, single) => {
    const all = vi.fn()
    const each = vi.fn()
    const { clusters, home } = await createdFixture(spec, (backend) => ({
      ...backend,
      listAllNodes: async (signal) => {
        all()
        if (refused !== undefined) throw refused
        return new Map([['knest-q/q', await backend.listNodes(ref, signal)]])
      },
      listNodes: (cluster, signal) => {
        each(cluster)
        return backend.listNodes(cluster, signal)
      },
    }))
    await home.create(other, spec, never)
    each.mockClear()
    const listed = await clusters.list(undefined, never)
    expect(listed.map(({ name, controlPlane }) => [name, controlPlane.ready])).toEqual([
      ['q', 1],
      ['p', 0],
    ])
    expect(all).toHaveBeenCalledTimes(1)
    expect(each).toHaveBeenCalledTimes(single)
  })
})

describe('access', () => {
  test('to a cluster without authorities says what it waits for', async () => {
    const { clusters, home } = createFixture()
    await home.create(ref, spec, never)
    await expect(clusters.kubeconfig(ref, never)).rejects.toMatchObject({
      code: 'prerequisite',
      message: 'cluster "q" is not completely created yet',
    })
  })

  test('opens the API by any control plane that answers', async () => {
    const { clusters } = await createdFixture()
    const api = await clusters.openApi(ref, never)
    try {
      const members = await api.list({ apiVersion: 'v1', kind: 'Node' }, { signal: never })
      expect(members.map(({ metadata }) => metadata.name)).toEqual(['q-cp-0', 'q-worker-0'])
    } finally {
      api.close()
    }
  })

  test('says that no control plane answers, and where to look', async () => {
    const { clusters, nodes } = await createdFixture()
    const node = nodes.nodes.get('q-cp-0')
    if (node !== undefined) node.phase = 'pending'
    const refusal = {
      code: 'prerequisite',
      message: 'no control plane of cluster "q" answers',
      hint: 'see: `knest status q`',
    }
    await expect(clusters.openApi(ref, never)).rejects.toMatchObject(refusal)
    await expect(clusters.forwardApi(ref, 0, never)).rejects.toMatchObject(refusal)
  })

  test('a forwarded port is in the kubeconfig, answers, and is free again', async () => {
    const { clusters } = await createdFixture()
    const forward = await clusters.forwardApi(ref, 0, never)
    expect(forward.kubeconfig).toContain(`server: https://127.0.0.1:${forward.port}`)
    await expect(clusters.forwardApi(ref, forward.port, never)).rejects.toThrow()
    await forward.close()
    const again = await clusters.forwardApi(ref, forward.port, never)
    expect(again.port).toBe(forward.port)
    await again.close()
  })

  test('names the nodes there are when it is asked for another', async () => {
    const { clusters } = await createdFixture()
    expect((await clusters.openNode(ref, 'q-worker-0', never)).role).toBe('worker')
    await expect(clusters.openNode(ref, 'q-worker-1', never)).rejects.toMatchObject({
      code: 'not-found',
      message: 'cluster "q" has no node "q-worker-1"',
      hint: 'its nodes are q-cp-0, q-worker-0',
    })
  })

  test('of a cluster that is not there is not-found', async () => {
    const { clusters } = createFixture()
    for (const call of [
      () => clusters.kubeconfig(ref, never),
      () => clusters.openApi(ref, never),
      () => clusters.forwardApi(ref, 0, never),
      () => clusters.openNode(ref, 'q-cp-0', never),
      () => clusters.status(ref, never),
      () => clusters.certificates(ref, never),
      () => clusters.heal(ref, run),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'not-found', hint: 'see: `knest list`' })
  })
})
