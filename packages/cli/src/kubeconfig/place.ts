import { KnestError, kubectlCommand } from 'knest'
import { entriesOf, sections, type Addition, type Entry, type Section } from './entries.js'
import { authorityOf, contextsOf, type ContextOwner } from './owner.js'
import type { EntryNames, RemovedNames } from './remove.js'
import { readKubeconfig } from './text.js'

/** What knest writes, or what would contradict it. All else in an entry is the user's. */
const ownFields: Readonly<Record<Section, readonly string[]>> = {
  clusters: [
    ...['server', 'tls-server-name', 'certificate-authority-data'],
    ...['certificate-authority', 'insecure-skip-tls-verify'],
  ],
  users: ['client-certificate-data', 'client-key-data', 'client-certificate', 'client-key'],
  contexts: ['cluster', 'user', 'extensions'],
}

/**
 * The addition under the names it may have in a file: those of the owner's context that is there, with what the
 * user has set in it (as in a namespace); else the first that nobody has in any of the files.
 */
export function placeAddition(
  addition: Addition,
  before: string | undefined,
  others: readonly (string | undefined)[],
  owner: ContextOwner,
): Addition {
  const { value } = readKubeconfig(before ?? '')
  const [mine] = contextsOf(value, owner, authorityOf(asKubeconfig(addition)))
  if (mine !== undefined) {
    const names = removable(value, mine)
    const field = { clusters: 'cluster', users: 'user', contexts: 'context' } as const
    const kept = (section: Section, there: Entry | undefined): Entry => {
      const foreign = Object.entries(there?.[field[section]] ?? {}).filter(
        ([name]) => !ownFields[section].includes(name),
      )
      const own = addition[section][field[section]] as object
      return { ...addition[section], [field[section]]: { ...Object.fromEntries(foreign), ...own } }
    }
    const find = (section: 'clusters' | 'users'): Entry | undefined =>
      entriesOf(value, section).find(({ name }) => name === names[section])
    const whole = {
      clusters: kept('clusters', find('clusters')),
      users: kept('users', find('users')),
      contexts: kept('contexts', mine),
    }
    return renamed(whole, { ...namesOf(addition), ...names })
  }
  const taken = [value, ...others.map((text) => readKubeconfig(text ?? '').value)]
  const isFree = (names: EntryNames): boolean =>
    taken.every((each) =>
      sections.every((section) => entriesOf(each, section).every(({ name }) => name !== names[section])),
    )
  for (let number = 1; number < 100; number++) {
    const names = numbered(namesOf(addition), number)
    if (isFree(names)) return renamed(addition, names)
  }
  throw new KnestError('config', `the kubeconfig has too many contexts named "${addition.contexts.name}"`, {
    hint: `remove some: ${kubectlCommand('config', 'delete-context', addition.contexts.name)}`,
  })
}

/** What goes with a context: its cluster and user, unless another context uses them, too. */
export function removable(value: Readonly<Record<string, unknown>>, context: Entry): RemovedNames {
  const used = entriesOf(value, 'contexts').filter(({ name }) => name !== context.name)
  const field = (entry: Entry, name: 'cluster' | 'user'): unknown =>
    (entry.context as Readonly<Record<string, unknown>> | undefined)?.[name]
  const own = (name: 'cluster' | 'user'): string | undefined => {
    const found = field(context, name)
    return typeof found === 'string' && used.every((other) => field(other, name) !== found)
      ? found
      : undefined
  }
  const [clusters, users] = [own('cluster'), own('user')]
  return {
    contexts: context.name,
    ...(clusters === undefined ? {} : { clusters }),
    ...(users === undefined ? {} : { users }),
  }
}

export function asKubeconfig({ clusters, users, contexts }: Addition): Readonly<Record<string, unknown>> {
  return { apiVersion: 'v1', kind: 'Config', clusters: [clusters], users: [users], contexts: [contexts] }
}

function namesOf({ clusters, users, contexts }: Addition): EntryNames {
  return { clusters: clusters.name, users: users.name, contexts: contexts.name }
}

/** `knest-a`, `knest-a-2`, `knest-a-3`; the user of the second is `knest-a-2-admin`. */
function numbered({ clusters, users, contexts }: EntryNames, number: number): EntryNames {
  if (number === 1) return { clusters, users, contexts }
  const more = (name: string): string =>
    name.startsWith(contexts) ? `${contexts}-${number}${name.slice(contexts.length)}` : `${name}-${number}`
  return { clusters: more(clusters), users: more(users), contexts: more(contexts) }
}

function renamed({ clusters, users, contexts }: Addition, names: EntryNames): Addition {
  const context = { ...(contexts.context as object), cluster: names.clusters, user: names.users }
  return {
    clusters: { ...clusters, name: names.clusters },
    users: { ...users, name: names.users },
    contexts: { ...contexts, name: names.contexts, context },
  }
}
