import type { Broken } from './world.js'

/** A fault of knest that is known and not mended yet: told at each run, and expected. Take it out when it is mended. */
interface KnownFault {
  /** What is broken, in a few words. */
  readonly key: string
  readonly promise: string
  readonly text: RegExp
}

export const knownFaults: readonly KnownFault[] = [
  {
    key: 'a cluster that begins anew waits for a worker whose Node object is gone with the one before',
    promise: 'it comes to rest',
    text: /the Node object of "[^"]+" is gone/,
  },
  {
    key: 'a cluster whose creation is unfinished and whose authorities are gone is told to go on, not to be deleted',
    promise: 'it comes to rest',
    text: /it is Creating; last error: prerequisite: the certificate authorities of cluster "[^"]+" are gone/,
  },
  {
    key: 'a cluster whose creation is unfinished and whose etcd has lost its majority is told to go on, not to be deleted',
    promise: 'it comes to rest',
    text: /it is Creating; (nobody stands behind the etcd member "[^"]+"; )+last error: timeout/,
  },
]

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
