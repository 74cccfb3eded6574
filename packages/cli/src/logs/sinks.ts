import { createWriteStream } from 'node:fs'
import { mkdir, open, readdir, writeFile, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { KnestError, type LogFile } from 'knest'
import { pack, type Pack } from 'tar-stream'

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
  const archive = pack()
  const done = pipeline(archive, createGzip(), output, { end: output !== process.stdout })
  // Whoever writes or ends sees it; until then nobody is there to catch it.
  done.catch(() => undefined)
  return {
    write: ({ path, text }) =>
      possible(what, () =>
        Promise.race([taken(archive, `${folder}/${path}`, Buffer.from(text), now()), done]),
      ),
    end: () =>
      possible(what, async () => {
        archive.finalize()
        await done
      }),
    discard: () => {
      archive.destroy()
    },
  }
}

function asStream(handle: FileHandle, file: string): Writable {
  return createWriteStream(file, { fd: handle })
}

/** Resolves when whoever reads the archive has room for more. */
function taken(archive: Pack, name: string, content: Buffer, mtime: Date): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = archive.entry({ name, size: content.length, mtime }, (error) => {
      if (error == null) resolve()
      else reject(error)
    })
    entry.end(content)
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
