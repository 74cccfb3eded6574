import type { Broken } from './world.js'

/** A fault of knest that is known and not mended yet: told at each run, and expected. Take it out when it is mended. */
interface KnownFault {
  /** What is broken, in a few words. */
  readonly key: string
  readonly promise: string
  readonly text: RegExp
}

export const knownFaults: readonly KnownFault[] = []

/**
 * What a story shows: the first promise that broke. What breaks after it may follow from it, so the others count
 * only when the first is no known fault.
 */
export function shownBy(
  broken: readonly Broken[],
  faults = knownFaults,
): { readonly known: KnownFault | undefined; readonly news: readonly Broken[] } {
  const [first] = broken
  const known = faults.find(({ promise, text }) => promise === first?.promise && text.test(first.text))
  return { known, news: known === undefined ? broken : [] }
}
