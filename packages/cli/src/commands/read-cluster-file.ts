import { KnestError, quoted } from 'knest'
import type { Deps, SpecRoom } from '../deps.js'

export type ClusterFile = ReturnType<SpecRoom['parseClusterFile']> & {
  /** The file is one that comes with knest: its name is a default, not what the user calls the cluster. */
  readonly isTemplate: boolean
}

/** Reads a cluster file: a path, `-` for standard input, or `templates/NAME` where there is no such file. */
export async function readClusterFile(deps: Deps, room: SpecRoom, path: string): Promise<ClusterFile> {
  if (/^https?:\/\//.test(path)) {
    throw new KnestError('usage', `"${path}" is a URL; knest reads cluster files from this machine only`, {
      hint: `give - for the file, and pipe it in: curl -fsSL ${quoted(path)} | knest …`,
    })
  }
  if (path === '-') {
    return { ...room.parseClusterFile(await deps.streams.readStdin(), 'stdin'), isTemplate: false }
  }
  try {
    return { ...room.parseClusterFile(await readText(deps, path), path), isTemplate: false }
  } catch (error) {
    const template = isMissing(error) ? await findTemplate(deps, path) : undefined
    if (template === undefined) throw error
    return { ...room.parseClusterFile(template, path), isTemplate: true }
  }
}

async function readText(deps: Deps, path: string): Promise<string> {
  return deps.readFile(path).catch((error: unknown) => {
    // Without what Node called, and the path again.
    const why = error instanceof Error ? `: ${error.message.replace(/, \w+( '.*')?$/, '')}` : ''
    throw new KnestError('config', `cannot read cluster file "${path}"${why}`, {
      hint: 'name a file that is there and may be read, - for standard input, or templates/NAME',
      cause: error,
    })
  })
}

function isMissing(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } | undefined }
  return cause?.code === 'ENOENT' || cause?.code === 'ENOTDIR'
}

/** Undefined for a path that is not of the form `templates/NAME`. */
async function findTemplate(deps: Deps, path: string): Promise<string | undefined> {
  const name = /^templates\/([^/]+?)(\.ya?ml)?$/.exec(path)?.[1]
  if (name === undefined) return undefined
  const { templates } = await deps.templates()
  if (Object.hasOwn(templates, name)) return templates[name]
  throw new KnestError('config', `there is neither a file "${path}" nor a template "${name}"`, {
    hint: `the templates are ${Object.keys(templates).join(', ')}`,
  })
}
