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
    key: 'a cluster whose authorities are gone from everywhere is Degraded or Resuming for ever',
    promise: 'it comes to rest',
    text: /no control plane has them on its disk/,
  },
  {
    key: 'new authorities are made when the Secret of a cluster that is set up is gone',
    promise: 'authorities stay',
    text: /made new authorities/,
  },
  {
    key: 'etcd members nobody stands behind are not removed',
    promise: 'it comes to rest',
    text: /nobody stands behind the etcd member/,
  },
  {
    key: 'a control plane that is made again during an upgrade has the new image and no configuration of it',
    promise: 'it comes to rest',
    text: /runs a new version on the manifests of an old one/,
  },
  {
    key: 'a Node object that is gone while its kubelet runs is not mended but by the controller',
    promise: 'it comes to rest',
    text: /the Node object of "[^"]+" is gone/,
  },
  {
    key: 'a node of which only the claim is left is not made again',
    promise: 'it comes to rest',
    text: /only the claim of/,
  },
  {
    key: 'a cluster that begins anew in a run that did not know it has no network before the next run that gets through',
    promise: 'it comes to rest',
    text: /its record says that the network is installed, and it is not/,
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
