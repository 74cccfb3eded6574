import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'

interface PodView {
  readonly metadata?: { readonly annotations?: unknown }
  readonly spec?: { readonly containers?: readonly ContainerView[] }
}

interface ContainerView {
  readonly command?: readonly string[]
}

/** etcd's first start decides these, and no later one reads them. */
const ofFirstStart = new Set(['initial-cluster', 'initial-cluster-state', 'initial-cluster-token'])

/**
 * What a static pod's manifest has that kubeadm would not write, as in `--v=4`, `without --profiling=false` or
 * `fields besides its flags`. An unreadable one is said to be. Pure.
 */
export function staticPodChanges(found: string, written: string): readonly string[] {
  const [is, should] = [podIn(found), podIn(written)]
  if (is === undefined || should === undefined) return ['a manifest that is not YAML']
  const [flags, expected] = [flagsOf(is), flagsOf(should)]
  const added = [...flags].filter(([name, value]) => expected.get(name) !== value)
  const removed = [...expected].filter(([name]) => !flags.has(name))
  return [
    ...added.map(([name, value]) => `--${name}=${value}`),
    ...removed.map(([name, value]) => `without --${name}=${value}`),
    ...(isDeepStrictEqual(withoutFlags(is), withoutFlags(should)) ? [] : ['fields besides its flags']),
  ]
}

function podIn(text: string): PodView | undefined {
  try {
    const pod: unknown = parse(text)
    return typeof pod === 'object' && pod !== null ? pod : undefined
  } catch {
    return undefined
  }
}

/** A flag that is given several times counts with all of its values. */
function flagsOf({ spec }: PodView): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  for (const word of spec?.containers?.[0]?.command ?? []) {
    const [, name, value = 'true'] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined || ofFirstStart.has(name)) continue
    const before = flags.get(name)
    flags.set(name, before === undefined ? value : `${before} ${value}`)
  }
  return flags
}

function withoutFlags({ spec, ...pod }: PodView): unknown {
  const [first, ...others] = spec?.containers ?? []
  return { ...pod, spec: { ...spec, containers: [{ ...first, command: undefined }, ...others] } }
}
