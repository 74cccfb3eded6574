import { createWriteStream } from 'node:fs'
import { mkdir, open, readdir, writeFile, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, type Gzip } from 'node:zlib'
import { KnestError, type LogFile } from 'knest'
import { tarEnd, tarEntry } from './tar.js'

/** Where an export goes. */
export interface LogSink {
  write(file: LogFile): Promise<void>
  /** All was handed over; resolves when it is kept. */
  end(): Promise<void>
  /** Nothing more comes. */
  discard(): void
}

/** A folder of its own: made, or there and empty. Throws `usage` where something is in it. */
export async function folderSink(folder: string): Promise<LogSink> {
  await possible(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if ((await readdir(folder)).length > 0)
      throw new KnestError('usage', `folder "${folder}" is not empty`, { hint: 'name another one' })
  })
  return {
    write: async ({ path, text }) => {
      await possible(folder, async () => {
        const file = join(folder, ...path.split('/').filter((part) => part !== '..' && part !== ''))
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, text)
      })
    },
    end: () => Promise.resolve(),
    discard: () => undefined,
  }
}

/** A `.tar.gz` that is not there yet, in which all files are below one folder. Throws `usage` where it is there. */
export async function archiveSink(file: string, folder: string, now: () => Date): Promise<LogSink> {
  const handle = await possible(file, () => open(file, 'wx', 0o600))
  return streamSink(asStream(handle, file), folder, now, file)
}

/** The same to a stream, which stays open. */
export function streamSink(output: Writable, folder: string, now: () => Date, what = 'stdout'): LogSink {
  const gzip = createGzip()
  const done = pipeline(gzip, output, { end: output !== process.stdout })
  // Whoever writes or ends sees it; until then nobody is there to catch it.
  done.catch(() => undefined)
  const write = (bytes: Buffer): Promise<void> => Promise.race([taken(gzip, bytes), done])
  return {
    write: ({ path, text }) => possible(what, () => write(tarEntry(`${folder}/${path}`, text, now()))),
    end: () =>
      possible(what, async () => {
        await write(tarEnd)
        gzip.end()
        await done
      }),
    discard: () => void gzip.destroy(),
  }
}

function asStream(handle: FileHandle, file: string): Writable {
  return createWriteStream(file, { fd: handle })
}

function taken(gzip: Gzip, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    gzip.write(bytes, (error) => {
      if (error instanceof Error) reject(error)
      else resolve()
    })
  })
}

async function possible<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KnestError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const isThere = code === 'EEXIST'
    const why = isThere ? 'it is there already' : message
    throw new KnestError(
      isThere ? 'usage' : 'prerequisite',
      `the logs cannot be written to "${what}": ${why}`,
      {
        hint: 'name another file or folder',
        cause: error,
      },
    )
  }
}
