import { KnestError, type ImageArchive } from 'knest'
import type { Deps, EngineName } from './deps.js'

/** Told from names of images by what no such name has: a path that says so, or the ending of an archive. */
const isFile = (word: string): boolean => /^(\.{0,2}\/)|\.(tar|tgz|tar\.(gz|zst))$/.test(word)

/** What was typed as images, archives and `-` for standard input, looked for before anything is loaded. */
export async function imageArchives(
  deps: Pick<Deps, 'streams' | 'openFile' | 'engineImage'>,
  words: readonly string[],
  engine: EngineName | undefined,
  signal: AbortSignal,
): Promise<readonly ImageArchive[]> {
  if (words.filter((word) => word === '-').length > 1)
    throw new KnestError('usage', 'standard input can be read once', { hint: 'give - once' })
  const archives: ImageArchive[] = []
  for (const word of words) {
    if (word === '-') archives.push(standardInput(deps))
    else if (isFile(word)) archives.push(await fileArchive(deps, word))
    else archives.push(await deps.engineImage(word, { engine, signal }))
  }
  return archives
}

function standardInput({ streams }: Pick<Deps, 'streams'>): ImageArchive {
  return { title: 'the archive on standard input', open: () => Promise.resolve(streams.stdin) }
}

async function fileArchive({ openFile }: Pick<Deps, 'openFile'>, path: string): Promise<ImageArchive> {
  const open = async (): ReturnType<Deps['openFile']> => {
    try {
      return await openFile(path)
    } catch (error) {
      throw unreadable(path, error)
    }
  }
  // It is there before anybody is kept waiting.
  const stream = await open()
  stream.destroy()
  return { title: `archive "${path}"`, open }
}

function unreadable(path: string, cause: unknown): KnestError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException
  const reason = code === 'ENOENT' ? 'there is no such file' : code
  return new KnestError('usage', `archive "${path}" cannot be read: ${reason}`, {
    hint: 'give the file of an archive, the name of an image as the container engine has it, or - for standard input',
    cause,
  })
}
