import { defaultNamespace, KnestError, type ClusterRef, type ClusterSpec } from '@knest/core'
import { defaultName } from '../cluster-target.js'
import type { Deps } from '../deps.js'
import type { SpecRoom } from '../deps.js'
import { checkAvoided } from './avoided-ranges.js'
import type { CreateFlags } from './create-flags.js'
import { flagsToInput } from './flags-to-input.js'

/** What the user wants, checked as far as it can be without the host. */
export interface Wish {
  readonly ref: ClusterRef
  readonly spec: ClusterSpec
}

export interface WishOptions {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly flags: CreateFlags
}

export async function createWish(deps: Deps, options: WishOptions): Promise<Wish> {
  const room = await deps.spec()
  const { flags } = options
  const file = await readFile(deps, room, flags.from ?? flags.clusterTemplate)
  const name = agree('cluster', options.name, file?.ref.name) ?? defaultName
  const namespace = agree('namespace', options.namespace, file?.ref.namespace) ?? defaultNamespace(name)
  room.validateClusterName(name)
  room.validateNamespace(namespace)
  const input = room.mergeInput(file?.input ?? {}, flagsToInput(room, flags))
  const resolved = room.resolveSpec(input, { force: flags.force === true, clusterName: name })
  const serviceType = input.endpoint?.serviceType ?? 'auto'
  const spec: ClusterSpec = { ...resolved, endpoint: { serviceType } }
  checkAvoided(room, spec, flags.avoidCidr ?? [])
  return { ref: { name, namespace }, spec }
}

async function readFile(
  deps: Deps,
  room: SpecRoom,
  path: string | undefined,
): Promise<ReturnType<SpecRoom['parseClusterFile']> | undefined> {
  if (path === undefined) return undefined
  if (/^https?:\/\//.test(path)) {
    throw new KnestError('usage', `"${path}" is a URL; knest reads cluster files from this machine only`, {
      hint: 'pipe it in: curl -fsSL URL | knest create --from -',
    })
  }
  if (path === '-') return room.parseClusterFile(await deps.streams.readStdin(), 'stdin')
  const text = await deps.readFile(path).catch((error: unknown) => {
    throw new KnestError('config', `cannot read cluster file "${path}"`, {
      hint: error instanceof Error ? error.message : 'see that it exists',
      cause: error,
    })
  })
  return room.parseClusterFile(text, path)
}

function agree(what: string, asked: string | undefined, inFile: string | undefined): string | undefined {
  if (asked !== undefined && inFile !== undefined && asked !== inFile) {
    throw new KnestError('config', `the file names ${what} "${inFile}", the command line "${asked}"`, {
      hint: 'leave one of them out',
    })
  }
  return asked ?? inFile
}
