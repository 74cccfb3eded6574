import { tmpdir } from 'node:os'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal

beforeEach(() => {
  terminal = new FakeTerminal(tmpdir())
  terminal.clusters.add(fakeStatus({ name: 'demo', namespace: 'knest-demo' }))
})

describe('load', () => {
  test('takes images, files and standard input, and says on which nodes they are', async () => {
    terminal.files.set('./app.tar', 'archive')
    expect(await terminal.run('load', 'demo', 'app:dev', './app.tar', '-')).toBe(0)
    const [first = ''] = terminal.out.split('\n')
    expect(first).toMatch(/^image "app:dev": loaded into demo-cp-0, demo-worker-0/)
    expect(terminal.out.split('\n')).toHaveLength(4)
    expect(terminal.clusters.changes).toEqual(['load knest-demo/demo'])
  })

  test('into some nodes only', async () => {
    expect(await terminal.run('load', 'demo', 'app:dev', '--node', 'demo-cp-0', '--pool', 'gpu')).toBe(0)
    expect(terminal.out).toBe('image "app:dev": loaded into demo-cp-0\n')
  })

  test('says what pods must call an image that podman has given a name of its own', async () => {
    terminal.clusters.load = () =>
      Promise.resolve([
        {
          title: 'image "app:dev"',
          images: [{ name: 'localhost/app:dev', digest: 'sha256:1' }],
          loaded: ['demo-cp-0'],
          had: ['demo-worker-0'],
        },
      ])
    expect(await terminal.run('load', 'demo', 'app:dev')).toBe(0)
    expect(terminal.out).toBe('image "localhost/app:dev": loaded into demo-cp-0; demo-worker-0 had it\n')
    expect(terminal.err).toContain('podman calls "app:dev" "localhost/app:dev", and so must pods')
  })

  test('says that kubelet pulls what has the tag latest', async () => {
    terminal.images.add('app')
    expect(await terminal.run('load', 'demo', 'app')).toBe(0)
    expect(terminal.err).toContain('kubelet pulls "app:latest" anew because of its tag')
  })

  test.each([
    [['app:other'], 4, 'podman has no image "app:other"'],
    [['./none.tar'], 2, 'archive "./none.tar" cannot be read: there is no such file'],
    [['-', '-'], 2, 'standard input can be read once'],
    [[], 2, "missing required argument 'image'"],
  ])('of %j ends with exit code %i', async (images, exitCode, message) => {
    expect(await terminal.run('load', 'demo', ...images)).toBe(exitCode)
    expect(terminal.err).toContain(message)
    expect(terminal.clusters.changes).toEqual([])
  })
})

describe('images', () => {
  const image = {
    name: 'docker.io/library/app:dev',
    digest: 'sha256:0123456789abcdef',
    size: '1.0 MiB',
    wanted: ['demo-cp-0', 'demo-worker-0'],
    present: ['demo-cp-0'],
  }

  test('lists what was loaded as kubectl would', async () => {
    terminal.clusters.loadedImages = [image]
    expect(await terminal.run('images', 'demo')).toBe(0)
    expect(terminal.out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['IMAGE', 'DIGEST', 'SIZE', 'NODES'],
      ['app:dev', '0123456789ab', '1.0 MiB', '1/2'],
      [''],
    ])
  })

  test.each([
    ['name', 'app:dev\n'],
    ['json', `${JSON.stringify({ name: 'demo', namespace: 'knest-demo', items: [image] }, undefined, 2)}\n`],
  ])('as %s', async (format, out) => {
    terminal.clusters.loadedImages = [image]
    expect(await terminal.run('images', 'demo', '-o', format)).toBe(0)
    expect(terminal.out).toBe(out)
  })

  test('says that there are none', async () => {
    expect(await terminal.run('images', 'demo')).toBe(0)
    expect(terminal.out).toBe('')
    expect(terminal.err).toContain('No images were loaded into cluster "demo"')
  })

  test('rm removes them, and refuses what was not loaded', async () => {
    terminal.clusters.loadedImages = [image]
    expect(await terminal.run('images', 'rm', 'demo', 'app:dev')).toBe(0)
    expect(terminal.out).toBe('image "app:dev" removed\n')
    expect(await terminal.run('images', 'rm', 'demo', 'other')).toBe(4)
    expect(terminal.err).toContain('image "other" was not loaded into cluster "demo"')
  })

  test('are completed with rm and the names of clusters', async () => {
    expect(await terminal.run('__complete', '--', 'images', '')).toBe(0)
    expect(terminal.out.split('\n').map((line) => line.split('\t')[0])).toEqual(['rm', 'demo', ''])
    terminal.out = ''
    expect(await terminal.run('__complete', '--', 'images', 'rm', '')).toBe(0)
    expect(terminal.out.split('\n').map((line) => line.split('\t')[0])).toEqual(['demo', ''])
  })
})
