import { KnestError, kubectlCommand } from 'knest'
import { entriesOf, sections, type Addition, type Entry } from './entries.js'
import { authorityOf, contextsOf, type ContextOwner } from './owner.js'
import type { EntryNames, RemovedNames } from './remove.js'
import { readKubeconfig } from './text.js'

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
  const whole = asKubeconfig(addition)
  const [mine] = contextsOf(value, owner, authorityOf(whole))
  if (mine !== undefined) {
    const names = removable(value, mine)
    const kept = Object.entries(mine.context ?? {}).filter(
      ([field]) => !['cluster', 'user', 'extensions'].includes(field),
    )
    const context = { ...Object.fromEntries(kept), ...(addition.contexts.context as object) }
    return renamed(
      { ...addition, contexts: { ...addition.contexts, context } },
      { ...namesOf(addition), ...names },
    )
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
