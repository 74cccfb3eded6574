import { KnestError } from 'knest'
import type { Deps, SpecRoom } from './deps.js'

export type Selector = NonNullable<ReturnType<SpecRoom['parseLabelSelector']>>

/** The clusters that `-l` chooses, as kubectl reads it. Throws `usage`. */
export async function labelSelector(deps: Deps, text: string): Promise<Selector> {
  const selector = (await deps.spec()).parseLabelSelector(text)
  if (selector !== undefined) return selector
  throw new KnestError('usage', `"${text}" is not a label selector`, {
    hint: 'write it as for kubectl: team=web, team!=web, "team in (web,api)", team, !team, with commas between',
  })
}
