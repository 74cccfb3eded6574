import { currentContext, entriesOf, type Entry, type Section } from './entries.js'
import { readIfThere } from './disk.js'
import { hostRecordOf, type HostRecord } from './host-record.js'
import { readKubeconfig } from './text.js'

export interface KnownContext {
  readonly name: string
  /** As the kubeconfig has it; undefined when it names no cluster that is there. */
  readonly server: string | undefined
  /** Only of contexts that knest made for nested clusters. */
  readonly host: HostRecord | undefined
}

export interface KnownContexts {
  /** Undefined when none is set; it may be the name of none that is there. */
  readonly current: string | undefined
  readonly contexts: readonly KnownContext[]
}

/**
 * What kubectl would know from these files: the first to name something wins, and files that are not
 * there are skipped. Throws `config` for a file that cannot be read.
 */
export async function readContexts(files: readonly string[]): Promise<KnownContexts> {
  const values: Readonly<Record<string, unknown>>[] = []
  for (const file of files) {
    const text = await readIfThere(file)
    if (text !== undefined) values.push(readKubeconfig(text).value)
  }
  const all = (section: Section): readonly Entry[] => {
    const first = new Map<string, Entry>()
    for (const value of values)
      for (const entry of entriesOf(value, section)) if (!first.has(entry.name)) first.set(entry.name, entry)
    return [...first.values()]
  }
  const clusters = all('clusters')
  const serverOf = ({ context }: Entry): string | undefined => {
    const { cluster: name } = (context ?? {}) as { cluster?: unknown }
    const { server } = (clusters.find((cluster) => cluster.name === name)?.cluster ?? {}) as {
      server?: unknown
    }
    return typeof server === 'string' ? server : undefined
  }
  const set = values.map((value) => value[currentContext]).find((name) => Boolean(name))
  return {
    current: typeof set === 'string' ? set : undefined,
    contexts: all('contexts').map((entry) => ({
      name: entry.name,
      server: serverOf(entry),
      host: hostRecordOf(entry),
    })),
  }
}
