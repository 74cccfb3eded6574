import { KnestError } from '../errors.js'
import type { ClusterInput, RegistryInput, WorkerPoolInput } from './schema.js'
import { isRecord } from '../values/index.js'

/**
 * Lays flags over a file. A flag wins over the same field of the file. Flags know one worker pool
 * without a name: it is the file's only pool. Throws `config` when the file has several.
 */
export function mergeInput(file: ClusterInput, flags: ClusterInput): ClusterInput {
  const { workers: fileWorkers, replicas, registries: fileRegistries, ...fileRest } = file
  const { workers: flagWorkers, registries: flagRegistries, ...flagRest } = flags
  const registries = mergeRegistries(fileRegistries, flagRegistries)
  const workers = mergeWorkers(fileWorkers, flagWorkers)
  const isCounted = flagWorkers?.some(({ count }) => count !== undefined) === true
  return {
    ...(mergeObjects(fileRest, flagRest) as ClusterInput),
    ...(replicas === undefined || isCounted ? {} : { replicas }),
    ...(workers === undefined ? {} : { workers }),
    ...(registries === undefined ? {} : { registries }),
  }
}

/** Of a registry that both have, the flags' mirrors take the place of the file's. */
function mergeRegistries(
  file: ClusterInput['registries'],
  flags: ClusterInput['registries'],
): ClusterInput['registries'] {
  if (file === undefined || flags === undefined) return flags ?? file
  const isIn = (list: readonly RegistryInput[], { host }: RegistryInput): boolean =>
    list.some((other) => other.host === host)
  return [
    ...file.map((entry) => ({ ...entry, ...flags.find(({ host }) => host === entry.host) })),
    ...flags.filter((entry) => !isIn(file, entry)),
  ]
}

function mergeWorkers(
  file: ClusterInput['workers'],
  flags: ClusterInput['workers'],
): ClusterInput['workers'] {
  if (flags === undefined || flags.length === 0) return file
  if (file === undefined || file.length === 0) return flags
  const merged = [...file]
  for (const flag of flags) {
    const index = poolIndex(merged, flag.name)
    merged[index] = mergeObjects(merged[index] ?? {}, flag)
  }
  return merged
}

function poolIndex(pools: readonly WorkerPoolInput[], name: string | undefined): number {
  if (name === undefined && pools.length === 1) return 0
  if (name === undefined) {
    const names = pools.map((pool) => `"${pool.name ?? ''}"`).join(', ')
    throw new KnestError('config', `worker flags do not say which pool they mean: the file has ${names}`, {
      hint: 'change the pools in the file',
    })
  }
  const index = pools.findIndex((pool) => pool.name === name)
  return index === -1 ? pools.length : index
}

function mergeObjects(base: object, over: object): object {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    const before = merged[key]
    merged[key] = isRecord(before) && isRecord(value) ? mergeObjects(before, value) : value
  }
  return merged
}
