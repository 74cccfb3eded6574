import { PassThrough } from 'node:stream'
import { collectText, fullImageName, KnestError, type ImageArchive } from '@knest/core'
import { noEngine, type ContainerEngine } from './engine.js'
import { lastWords } from './program.js'

const saveMs = 3_600_000

/**
 * An image of the first of the engines that has it, as an archive that is saved while it is read. Throws `not-found`
 * when none has it, `prerequisite` when no engine works.
 */
export async function savedImage(
  engines: readonly ContainerEngine[],
  image: string,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const faults: KnestError[] = []
  const lacking: string[] = []
  for (const engine of engines) {
    const id = await imageId(engine, image, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      if (!(error instanceof KnestError) || error.code !== 'prerequisite') throw error
      faults.push(error)
    })
    if (typeof id === 'string') return archiveOf(engine, image, id)
    if (id === null) lacking.push(engine.name)
  }
  if (lacking.length === 0) throw noEngine(faults)
  throw new KnestError('not-found', `${lacking.join(' and ')} ${verb(lacking)} no image "${image}"`, {
    hint: `see: ${lacking.map((name) => `${name} images`).join(', ')}; an archive is given by its file, as in ./app.tar`,
  })
}

function verb({ length }: readonly string[]): string {
  return length === 1 ? 'has' : 'have'
}

/** Null when the engine works and has no such image. */
async function imageId(engine: ContainerEngine, image: string, signal: AbortSignal): Promise<string | null> {
  const argv = ['image', 'inspect', '--format', '{{.Id}}', '--', image]
  const result = await engine.run(argv, { timeoutMs: 30_000, signal })
  if (result.exitCode === 0) return result.stdout.trim().replace(/^sha256:/, '')
  if (/image not known|no such (image|object)|not find image/i.test(result.stderr)) return null
  if (/invalid reference|parsing reference/i.test(result.stderr))
    throw new KnestError('usage', `"${image}" is no name of an image: ${lastWords(result)}`)
  throw new KnestError('prerequisite', `${engine.name} does not work: ${lastWords(result)}`)
}

function archiveOf(engine: ContainerEngine, image: string, id: string): ImageArchive {
  const format = engine.name === 'podman' ? ['--format', 'docker-archive'] : []
  return {
    title: `image "${image}"`,
    image: { id, names: [fullImageName(image), fullImageName(`localhost/${image}`)] },
    open: (signal) => {
      const out = new PassThrough()
      const save = collectText(({ stderr }) =>
        engine.stream(['save', ...format, '--', image], { stdout: out, stderr, timeoutMs: saveMs, signal }),
      )
      save.then(
        (result) => {
          if (result.exitCode === 0) out.end()
          else out.destroy(cannotSave(engine, image, lastWords(result)))
        },
        (error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))),
      )
      return Promise.resolve(out)
    },
  }
}

function cannotSave({ name }: ContainerEngine, image: string, said: string): KnestError {
  return new KnestError('prerequisite', `${name} could not save image "${image}": ${said}`)
}
