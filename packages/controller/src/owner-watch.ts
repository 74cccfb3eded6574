import { anySignal, type KubeApi, type KubeObject, type LocatedOwner } from '@knest/core'
import { podKind } from './pods.js'

const dayMs = 24 * 60 * 60_000
/** Where it cannot be watched, the looks that come anyway find out. */
const retryMs = 60_000

interface Followed {
  readonly owner: string
  readonly stop: AbortController
}

/**
 * Watches the pods that clusters are to be deleted with, one watch for each, and wakes a cluster whose pod is gone:
 * nothing is concluded here. Shown all clusters after each change.
 */
export function followOwners(
  api: Pick<KubeApi, 'waitFor'>,
  { wake, pause, signal }: FollowOptions,
): (clusters: readonly KubeObject[]) => void {
  const followed = new Map<string, Followed>()
  return (clusters) => {
    const wanted = new Map(clusters.flatMap(ownerOf))
    for (const [key, { owner, stop }] of followed) {
      if (JSON.stringify(wanted.get(key)) === owner) continue
      stop.abort()
      followed.delete(key)
    }
    for (const [key, owner] of wanted) {
      if (followed.has(key)) continue
      const stop = new AbortController()
      followed.set(key, { owner: JSON.stringify(owner), stop })
      void awaitEnd(api, owner, pause, anySignal(signal, stop.signal)).then((isGone) => {
        if (isGone) wake(key)
      })
    }
  }
}

interface FollowOptions {
  readonly wake: (key: string) => void
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

/** Never rejects; false when it was stopped. */
async function awaitEnd(
  api: Pick<KubeApi, 'waitFor'>,
  { namespace, name, uid }: LocatedOwner,
  pause: FollowOptions['pause'],
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await api.waitFor(
        podKind,
        { namespace, fieldSelector: `metadata.name=${name}` },
        (pods) => !pods.some(({ metadata }) => metadata.uid === uid),
        { timeoutMs: dayMs, signal, awaited: `pod "${name}" to go`, describe: () => 'still there' },
      )
      return true
    } catch {
      await pause(retryMs, signal).catch(() => undefined)
    }
  }
  return false
}

/** One that nobody can read is none: its look says so. */
function ownerOf({ metadata, spec }: KubeObject): readonly (readonly [string, LocatedOwner])[] {
  const { namespace: own = '', name: cluster } = metadata
  const { deleteWith } = (spec ?? {}) as { readonly deleteWith?: Partial<LocatedOwner> }
  const { name, uid, namespace = own } = deleteWith ?? {}
  if (typeof name !== 'string' || typeof uid !== 'string' || typeof namespace !== 'string') return []
  return [[`${own}/${cluster}`, { kind: 'Pod', namespace, name, uid }]]
}
