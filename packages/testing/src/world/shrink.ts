import { tell, type Told } from './story.js'
import type { Broken } from './world.js'

/** What is the same of a promise broken twice: numbers and names differ. */
function kindOf({ promise, text }: Broken): string {
  return `${promise}: ${text.replaceAll(/\d+|"[^"]*"/g, '*')}`
}

/** The same story with as few happenings as still break the promise: pieces are left out, smaller and smaller. */
export async function shrink(told: Told, broken: Broken): Promise<Told> {
  let least = told
  for (
    let size = Math.ceil(least.story.happenings.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < least.story.happenings.length;) {
      const { happenings } = least.story
      const fewer = happenings.filter((_, index) => index < from || index >= from + size)
      const tried = await tell({ ...least.story, happenings: fewer })
      if (tried.broken.some((one) => kindOf(one) === kindOf(broken))) least = tried
      else from += size
    }
  }
  return least
}
