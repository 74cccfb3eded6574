import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createEngine } from './engine.js'
import { createFakeEngine } from './fake-engine.js'
import type { ProgramResult } from './program.js'
import { savedImage } from './saved-image.js'

const { signal } = new AbortController()

/** A podman and, where it is given, a docker that answer so. */
function engines(podman: (args: readonly string[]) => Partial<ProgramResult>) {
  const fake = createFakeEngine()
  fake.intercept = podman
  return { fake, engines: [createEngine('podman', fake, true), createEngine('docker', fake, true)] }
}

const has = (args: readonly string[]): Partial<ProgramResult> =>
  args[0] === 'image' ? { stdout: 'abc123\n' } : { stdout: 'the archive' }
const lacks = (): Partial<ProgramResult> => ({
  exitCode: 125,
  stderr: 'Error: inspecting object: app:dev: image not known\n',
})

describe('an image of the engine', () => {
  test('is saved while it is read, and known by its id and the names it may have', async () => {
    const { fake, engines: both } = engines(has)
    const archive = await savedImage(both, 'app:dev', signal)
    expect(archive).toMatchObject({
      title: 'image "app:dev"',
      image: { id: 'abc123', names: ['docker.io/library/app:dev', 'localhost/app:dev'] },
    })
    expect(fake.calls).toEqual([['image', 'inspect', '--format', '{{.Id}}', '--', 'app:dev']])
    expect(await text(await archive.open(signal))).toBe('the archive')
    expect(fake.calls.at(-1)).toEqual(['save', '--format', 'docker-archive', '--', 'app:dev'])
  })

  test('whose save fails is an error of who reads it', async () => {
    const { engines: both } = engines((args) =>
      args[0] === 'image' ? has(args) : { exitCode: 125, stderr: 'Error: layer is gone\n' },
    )
    const archive = await savedImage(both, 'app:dev', signal)
    await expect(text(await archive.open(signal))).rejects.toMatchObject({
      code: 'prerequisite',
      message: 'podman could not save image "app:dev": layer is gone',
    })
  })

  test.each([
    ['nobody has', lacks, { code: 'not-found', message: 'podman has no image "app:dev"' }],
    [
      'has no name that can be',
      () => ({ exitCode: 125, stderr: 'Error: App: parsing reference "App": invalid reference format\n' }),
      { code: 'usage', message: /^"app:dev" is no name of an image/ },
    ],
    [
      'cannot be asked for',
      () => ({ exitCode: 125, stderr: 'Error: cannot connect to Podman\n' }),
      { code: 'prerequisite', message: /podman does not work: cannot connect.*"docker" is not installed/ },
    ],
  ])('that %s is told', async (_title, podman, error) => {
    const { engines: both } = engines(podman)
    await expect(savedImage(both, 'app:dev', signal)).rejects.toMatchObject(error)
  })
})
