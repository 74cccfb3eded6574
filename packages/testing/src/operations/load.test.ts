import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { KnestError, type ImageArchive } from '@knest/core'
import { fakeArchive } from '../fake-containerd.js'
import {
  createdFixture,
  never,
  nodeObjects,
  persistent,
  recordingProgress,
  ref,
  run,
  withWorkers,
} from './fixture.js'

const app = 'docker.io/library/app:dev'
const digest = `sha256:${'a'.repeat(64)}`

/** An image of the engine; its id changes with its content. */
function image(content = 'a', names = [app]): ImageArchive & { readonly opened: () => number } {
  let opened = 0
  return {
    title: 'image "app:dev"',
    image: { names, id: `id-${content}` },
    open: () => {
      opened++
      return Promise.resolve(Readable.from([fakeArchive([names[0] ?? '', content.repeat(64)])]))
    },
    opened: () => opened,
  }
}

function archive(text: string): ImageArchive {
  return { title: 'archive "./app.tar"', open: () => Promise.resolve(Readable.from([text])) }
}

describe('load', () => {
  test('puts an image into all nodes, and the cluster remembers it', async () => {
    const { clusters, nodes, record } = await createdFixture(withWorkers(2))
    const source = image()
    const [outcome] = await clusters.load(ref, { archives: [source] }, run)
    expect(outcome).toEqual({
      title: 'image "app:dev"',
      images: [{ name: app, digest }],
      loaded: ['q-cp-0', 'q-worker-0', 'q-worker-1'],
      had: [],
    })
    expect(source.opened()).toBe(1)
    expect([...nodes.nodes.values()].map(({ store }) => store.get(app)?.digest)).toEqual([
      digest,
      digest,
      digest,
    ])
    expect((await record()).images).toEqual([{ name: app, digest, id: 'id-a' }])
    expect((await record()).phase).toBe('Ready')
    expect(await clusters.images(ref, never)).toEqual([
      {
        name: app,
        digest,
        size: '1.0 MiB',
        wanted: ['q-cp-0', 'q-worker-0', 'q-worker-1'],
        present: ['q-cp-0', 'q-worker-0', 'q-worker-1'],
      },
    ])
  })

  test('gives nodes that share a store one copy, and a node that comes later without any', async () => {
    const { clusters, nodes } = await createdFixture(withWorkers(2))
    const shared = { id: 'machine', images: new Map() }
    for (const name of ['q-cp-0', 'q-worker-1']) Object.assign(nodes.nodes.get(name) ?? {}, { shared })
    nodes.done.length = 0
    const loading = clusters.load(ref, { archives: [image()] }, run)
    expect(await loading).toMatchObject([{ loaded: ['q-cp-0', 'q-worker-0', 'q-worker-1'] }])
    const imports = (): readonly string[] => nodes.done.filter((each) => each.startsWith('import'))
    expect([...imports()].sort()).toEqual([`import ${app} into q-cp-0`, `import ${app} into q-worker-0`])
    expect(nodes.nodes.get('q-worker-1')?.store.get(app)?.digest).toBe(digest)
    nodes.nodes.get('q-worker-1')?.store.clear()
    await clusters.heal(ref, { ...run })
    expect(nodes.nodes.get('q-worker-1')?.store.get(app)?.digest).toBe(digest)
    expect(imports()).toHaveLength(2)
    await clusters.removeImages(ref, [app], run)
    expect(shared.images.size).toBe(0)
  })

  test('copies an image that a node cannot take from its store', async () => {
    const { clusters, nodes } = await createdFixture()
    const images = new Map()
    const shared = { id: 'machine', images }
    for (const name of ['q-cp-0', 'q-worker-0']) Object.assign(nodes.nodes.get(name) ?? {}, { shared })
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.nodes.get('q-worker-0')?.store.clear()
    nodes.done.length = 0
    // It names what it does not have, as one whose layer somebody deleted.
    images.get = () => undefined
    await clusters.heal(ref, run)
    expect(nodes.done).toContain(`import ${app} into q-worker-0`)
    expect(nodes.nodes.get('q-worker-0')?.store.get(app)?.digest).toBe(digest)
  })

  test('leaves nodes alone that have it with the same id, and replaces another', async () => {
    const { clusters, nodes, record } = await createdFixture()
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.nodes.get('q-worker-0')?.store.clear()
    const again = image()
    expect(await clusters.load(ref, { archives: [again] }, run)).toMatchObject([
      { loaded: ['q-worker-0'], had: ['q-cp-0'] },
    ])
    const all = image()
    expect(await clusters.load(ref, { archives: [all] }, run)).toMatchObject([
      { images: [{ name: app }], loaded: [] },
    ])
    expect(all.opened()).toBe(0)
    expect(await clusters.load(ref, { archives: [image('b')] }, run)).toMatchObject([{ had: [] }])
    expect((await record()).images).toMatchObject([{ name: app, id: 'id-b' }])
  })

  test.each([
    [{ pools: ['worker'] }, ['q-worker-0']],
    [{ pools: ['cp'] }, ['q-cp-0']],
    [{ nodes: ['q-cp-0'] }, ['q-cp-0']],
    [{ pools: ['worker'], nodes: ['q-cp-0'] }, ['q-cp-0', 'q-worker-0']],
  ])('into chosen nodes only: %j', async (choice, loaded) => {
    const { clusters, record } = await createdFixture()
    expect(await clusters.load(ref, { archives: [image()], ...choice }, run)).toMatchObject([{ loaded }])
    expect((await record()).images).toMatchObject([choice])
  })

  test.each([
    [{ pools: ['gpu'] }, 'cluster "q" has no pool "gpu"'],
    [{ nodes: ['q-worker-7'] }, 'cluster "q" has no node "q-worker-7"'],
  ])('refuses what is not there: %j', async (choice, message) => {
    const { clusters } = await createdFixture()
    await expect(clusters.load(ref, { archives: [image()], ...choice }, run)).rejects.toMatchObject({
      code: 'not-found',
      message,
    })
  })

  test('of a node that does not run it is told that it comes later, unless it was named', async () => {
    const { clusters, nodes } = await createdFixture()
    const worker = nodes.nodes.get('q-worker-0')
    if (worker !== undefined) worker.phase = 'pending'
    const progress = recordingProgress()
    expect(await clusters.load(ref, { archives: [image()] }, { ...run, progress })).toMatchObject([
      { loaded: ['q-cp-0'] },
    ])
    expect(progress.warnings).toEqual([
      'node "q-worker-0" does not run: it gets what is loaded when it is back',
    ])
    const only = clusters.load(ref, { archives: [image()], nodes: ['q-worker-0'] }, run)
    await expect(only).rejects.toMatchObject({
      code: 'prerequisite',
      message: /"q-worker-0".*does not run/ as never,
    })
  })

  test('is refused while the cluster is paused', async () => {
    const { clusters } = await createdFixture(persistent)
    await clusters.pause(ref, run)
    const loading = clusters.load(ref, { archives: [image()] }, run)
    await expect(loading).rejects.toMatchObject({ code: 'conflict', message: 'cluster "q" is paused' })
  })

  test.each([
    [
      'cut off',
      archive('docker.io/library/app:dev sha256:1\n'),
      /"\.\/app\.tar" is no archive of images, damaged or cut off/,
    ],
    ['without a name', archive(fakeArchive()), /holds no image with a name/],
  ])(
    'says what is wrong with an archive that is %s, and remembers nothing',
    async (_title, broken, message) => {
      const { clusters, record } = await createdFixture()
      const loading = clusters.load(ref, { archives: [broken] }, run)
      await expect(loading).rejects.toMatchObject({ code: 'config', message })
      expect((await record()).images).toBeUndefined()
    },
  )

  test('an engine that fails in the middle is what is told of', async () => {
    const { clusters, record } = await createdFixture()
    const source = Readable.from(
      (function* () {
        yield 'half of it'
        throw new KnestError('prerequisite', 'podman could not save image "app:dev": killed')
      })(),
    )
    const loading = clusters.load(
      ref,
      { archives: [{ ...image(), open: () => Promise.resolve(source) }] },
      run,
    )
    await expect(loading).rejects.toMatchObject({ message: 'podman could not save image "app:dev": killed' })
    expect((await record()).images).toBeUndefined()
  })

  test('when one node cannot take it, the others have it, and the node is named', async () => {
    const { clusters, nodes, record } = await createdFixture(withWorkers(2))
    nodes.before = (what) =>
      what.endsWith('into q-worker-0')
        ? Promise.reject(
            new KnestError('node-command', 'node "q-worker-0" could not import images: no space left'),
          )
        : Promise.resolve()
    await expect(clusters.load(ref, { archives: [image()] }, run)).rejects.toMatchObject({
      code: 'node-command',
      message:
        'image "app:dev": node "q-worker-0" could not import images: no space left; it is on q-cp-0, q-worker-1',
    })
    expect((await record()).images).toMatchObject([{ name: app }])
  })
})

describe('a loaded image belongs to the cluster:', () => {
  test('a worker that is added has it before it joins', async () => {
    const { clusters, nodes } = await createdFixture()
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.done.length = 0
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect(nodes.done.filter((what) => what.includes('q-worker-1'))).toEqual([
      'ensure q-worker-1',
      `import ${app} into q-worker-1`,
      'join q-worker-1',
    ])
    expect(nodes.nodes.get('q-worker-1')?.store.get(app)).toEqual({ digest, from: 'id-a' })
  })

  test('a control plane that is added has it before it joins', async () => {
    const { clusters, nodes } = await createdFixture()
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.done.length = 0
    await clusters.scale(ref, { controlPlane: 3 }, run)
    const of = (name: string): readonly string[] => nodes.done.filter((what) => what.includes(name))
    for (const name of ['q-cp-1', 'q-cp-2'])
      expect(of(name)).toEqual([`ensure ${name}`, `import ${app} into ${name}`, `join ${name}`])
  })

  test('a node that has lost its disk has it again, and a controller does that too', async () => {
    const fixture = await createdFixture()
    const { clusters, nodes } = fixture
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.loseDisk('q-worker-0')
    await nodeObjects(fixture).silence('q-worker-0')
    await clusters.reconcile(ref, { ...run, onlyIfFree: true })
    expect(nodes.nodes.get('q-worker-0')?.store.has(app)).toBe(true)
  })

  test('heal gives it to a node that has lost it alone', async () => {
    const { clusters, nodes } = await createdFixture()
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.nodes.get('q-worker-0')?.store.clear()
    const { problems } = await clusters.status(ref, never)
    expect(problems.map(({ message }) => message)).toContain(
      '"q-worker-0" lacks image "app:dev", which was loaded into the cluster',
    )
    const { actions } = await clusters.heal(ref, run)
    expect(actions).toMatchObject([
      { reason: 'Mended', message: 'Copy loaded images to "q-worker-0": app:dev' },
    ])
    expect(nodes.nodes.get('q-worker-0')?.store.has(app)).toBe(true)
  })

  test('what no node has any more is told, with the ways out, and keeps no node from coming', async () => {
    const { clusters, nodes } = await createdFixture()
    await clusters.load(ref, { archives: [image()] }, run)
    for (const { store } of nodes.nodes.values()) store.clear()
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    const { problems } = await clusters.status(ref, never)
    expect(problems).toContainEqual({
      reason: 'LoadedImageMissing',
      severity: 'warning',
      message: 'no node has image "app:dev" any more, which was loaded into the cluster',
      hint: 'load it again with `knest load q app:dev -n knest-q`, or have it forgotten with `knest images rm q app:dev -n knest-q`',
    })
  })

  test('a node comes also when the copy fails, and that is told', async () => {
    const { clusters, nodes } = await createdFixture()
    await clusters.load(ref, { archives: [image()] }, run)
    nodes.before = (what) =>
      what.startsWith('import')
        ? Promise.reject(
            new KnestError('node-command', 'node "q-worker-1" could not import images: no space left'),
          )
        : Promise.resolve()
    const progress = recordingProgress()
    await clusters.scale(ref, { pools: { worker: 2 } }, { ...run, progress })
    expect(progress.warnings).toEqual([
      'node "q-worker-1" comes without image "app:dev": node "q-worker-1" could not import images: no space left; load it again with `knest load q app:dev -n knest-q`',
    ])
  })

  test('until it is removed', async () => {
    const { clusters, nodes, record } = await createdFixture()
    await clusters.load(ref, { archives: [image(), image('b', ['localhost/tool:1'])] }, run)
    await expect(clusters.removeImages(ref, ['app:dev', 'other'], run)).rejects.toMatchObject({
      code: 'not-found',
      message: 'image "other" was not loaded into cluster "q"',
    })
    expect(await clusters.removeImages(ref, ['app:dev', 'tool:1'], run)).toEqual([app, 'localhost/tool:1'])
    expect((await record()).images).toEqual([])
    nodes.done.length = 0
    await clusters.scale(ref, { pools: { worker: 2 } }, run)
    expect([...nodes.nodes.values()].map(({ store }) => store.size)).toEqual([0, 0, 0])
    expect(nodes.done.join()).not.toContain('import')
  })
})
