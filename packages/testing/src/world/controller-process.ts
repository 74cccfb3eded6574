import { lookAfter } from '@knest/controller'
import { acquireLock, onAbort } from '@knest/core'
import type { ClusterRef, KubeObject } from '@knest/core'
import { progressOf } from './commands.js'
import { kinds } from './host-kinds.js'
import type { World } from './world.js'

const electionLock = {
  name: 'knest-controller',
  namespace: 'kube-system',
  labels: {},
  subject: 'all clusters of this host',
}

/**
 * A controller: it waits for its Lease, then has the real controller's look at every cluster that came, changed or
 * is due. Its own watches and its queue are not simulated. Killed, it is started again by its Deployment.
 */
export async function runWorldController(world: World, number: number): Promise<void> {
  const { process, clusters, api } = world.start(`controller-${number}`, 'controller')
  const stop = new AbortController()
  try {
    const lease = await acquireLock(api, electionLock, stop.signal, () => undefined)
    world.say(process.name, 'leads')
    onAbort(lease.signal, () => stop.abort(lease.signal.reason))
    const failures = new Map<string, number>()
    const due = new Map<string, { at: number; version: string }>()
    while (!lease.signal.aborted && !process.isDead()) {
      for (const object of clustersOf(world).filter((one) => isDue(world, one, due))) {
        const ref: ClusterRef = { name: object.metadata.name, namespace: object.metadata.namespace ?? '' }
        const key = `${ref.namespace}/${ref.name}`
        process.phase = world.phase(ref.name)
        world.coverage.add(`controller × ${process.phase}`)
        const looked = await lookAfter(clusters, ref, {
          failures: failures.get(key) ?? 0,
          thorough: false,
          isSettled: false,
          progress: progressOf(world, () => !process.isDead(), process.name),
          signal: lease.signal,
          now: Date.now,
        })
        failures.set(key, looked.result === 'failed' ? (failures.get(key) ?? 0) + 1 : 0)
        for (const { reason, message } of looked.actions) world.say(process.name, `${reason}: ${message}`)
        due.set(key, { at: world.clock.now + looked.nextMs, version: versionOf(world, ref) })
      }
      await world.clock.wait(2_000)
    }
  } catch (error) {
    if (!process.isDead()) world.say(process.name, `ends: ${String(error)}`)
  }
  process.hasEnded = true
  api.close()
}

/** None before there is a definition of them. */
function clustersOf({ cluster: { store } }: World): readonly KubeObject[] {
  const isServed = store.get(kinds.crd, 'nestedclusters.knest.dev') !== undefined
  return isServed ? store.list(kinds.cluster) : []
}

function isDue(
  world: World,
  { metadata }: KubeObject,
  due: ReadonlyMap<string, { at: number; version: string }>,
): boolean {
  const ref = { name: metadata.name, namespace: metadata.namespace ?? '' }
  const known = due.get(`${ref.namespace}/${ref.name}`)
  return known === undefined || known.at <= world.clock.now || known.version !== versionOf(world, ref)
}

/** Changes with the record and with the state of its pods: what wakes the real controller. */
function versionOf(world: World, { name, namespace }: ClusterRef): string {
  const record = world.cluster.store.get(kinds.cluster, name, namespace)
  const pods = world.cluster.store.list(kinds.pod, { namespace }).map(({ metadata, status }) => {
    const [container] =
      (status as { containerStatuses?: { ready: boolean; restartCount: number }[] } | undefined)
        ?.containerStatuses ?? []
    return [metadata.uid, container?.ready, container?.restartCount, metadata.deletionTimestamp].join(' ')
  })
  const nested = world.serving(`${namespace}/${name}`)[0]?.disk.etcd
  const nodes = nested === undefined ? [] : (world.nested.get(nested)?.store.list(kinds.node) ?? [])
  const ready = nodes.map(
    ({ metadata, status }) =>
      `${metadata.name} ${String((status as { conditions?: { status: string }[] } | undefined)?.conditions?.[0]?.status)}`,
  )
  return [record?.metadata.resourceVersion, ...pods, ...ready].join('\n')
}
