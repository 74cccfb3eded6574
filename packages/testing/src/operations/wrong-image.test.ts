import { describe, expect, test } from 'vitest'
import { KnestError } from '@knest/core'
import { createFixture, createdFixture, ref, run, spec, type Fixture } from './fixture.js'

const wrong = 'registry.example/node:latest'
const right = 'registry.example/node:stable'
const request = { kubernetesVersion: '1.36.0', image: wrong }

/** What the image that was named holds. */
const held = ['1.35.9', '1.37.0', '1.34.0'] as const

describe('an upgrade to an image that holds another version', () => {
  test.each(held)(
    'is refused before anything is written, where the image can be asked: %s',
    async (version) => {
      const fixture = await createdFixture(spec, (backend) => ({
        ...backend,
        imageVersion: (_, { image }) => Promise.resolve(image === wrong ? version : undefined),
      }))
      const refusal = { message: `image "${wrong}" has Kubernetes ${version}, not 1.36.0` }
      await expect(fixture.clusters.upgrade(ref, request, run)).rejects.toMatchObject(refusal)
      await expect(fixture.clusters.planUpgrade(ref, request, run)).rejects.toMatchObject(refusal)
      expect(fixture.writes).toEqual([])
      expect(fixture.nodes.done).toEqual([])
    },
  )

  test('that was declared is refused, and the cluster stays as it is', async () => {
    const fixture = createFixture((backend) => ({
      ...backend,
      imageVersion: (_, { image }) => Promise.resolve(image === wrong ? '1.37.0' : undefined),
    }))
    fixture.home.declare(ref, spec)
    await fixture.clusters.reconcile(ref, run)
    fixture.nodes.done.length = 0
    fixture.home.ask(ref, { ...spec, ...request })
    const { failure } = await fixture.clusters.reconcile(ref, run)
    expect(failure?.message).toContain('has Kubernetes 1.37.0, not 1.36.0')
    expect(fixture.nodes.done).toEqual([])
    expect(await fixture.record()).toMatchObject({ phase: 'Ready', spec: { image: spec.image } })
  })

  /** The host does not tell before: the only control plane has the image when it shows. */
  async function failed(version: string): Promise<Fixture> {
    const fixture = await createdFixture()
    fixture.nodes.images.set(wrong, version).set(right, '1.36.0')
    await expect(fixture.clusters.upgrade(ref, request, run)).rejects.toMatchObject({
      code: 'config',
      message: `image "${wrong}" of node "q-cp-0" has Kubernetes ${version}, not 1.36.0`,
    })
    return fixture
  }

  test.each(held)('gives the node its old image and kubelet back: %s', async (version) => {
    const { nodes, clusters } = await failed(version)
    expect(nodes.nodes.get('q-cp-0')).toMatchObject({ spec: { image: spec.image }, held: false, down: false })
    await clusters.status(ref, run.signal)
  })

  test.each(held)('goes on with the right image: %s', async (version) => {
    const { clusters, phase, nodes } = await failed(version)
    const again = { ...request, image: right }
    expect(await clusters.upgrade(ref, again, run)).toMatchObject({ phase: 'Ready' })
    expect(nodes.nodes.get('q-cp-0')).toMatchObject({ spec: { image: right }, held: false, down: false })
    expect(await phase()).toBe('Ready')
  })

  test.each(held)(
    'goes on with the right image where it was killed with the wrong one: %s',
    async (version) => {
      const fixture = await createdFixture()
      const { nodes, clusters } = fixture
      nodes.images.set(wrong, version).set(right, '1.36.0')
      let changes = 0
      nodes.before = (what) =>
        what === 'change image q-cp-0' && ++changes > 1
          ? Promise.reject(new KnestError('cancelled', 'killed'))
          : Promise.resolve()
      await expect(clusters.upgrade(ref, request, run)).rejects.toMatchObject({ code: 'config' })
      expect(nodes.nodes.get('q-cp-0')).toMatchObject({ spec: { image: wrong }, held: true, down: true })
      nodes.before = () => Promise.resolve()
      expect(await clusters.upgrade(ref, { ...request, image: right }, run)).toMatchObject({ phase: 'Ready' })
    },
  )

  test('goes on when its object names the right image', async () => {
    const fixture = createFixture()
    fixture.nodes.images.set(wrong, '1.37.0').set(right, '1.36.0')
    fixture.home.declare(ref, spec)
    await fixture.clusters.reconcile(ref, run)
    fixture.home.ask(ref, { ...spec, ...request })
    expect((await fixture.clusters.reconcile(ref, run)).failure?.message).toContain('has Kubernetes 1.37.0')
    fixture.home.ask(ref, { ...spec, ...request, image: right })
    expect(await fixture.clusters.reconcile(ref, run)).toMatchObject({ phase: 'Ready' })
  })
})
