import { anySignal, deleteFound, labels } from '@knest/core'
import type { ClusterRef, KubeApi, KubeObject } from '@knest/core'
import { createAddressGiver } from './addresses.js'
import { createBell, type Bell } from './bell.js'
import { keepWatching, type Pause } from './keep-watching.js'
import { isOwn, serviceKind } from './objects.js'
import type { OwnerCluster } from './objects.js'
import { listHostServices, serveCluster, type ClusterMemory } from './serve-cluster.js'

/** Phases in which a cluster has no nodes that could serve, and is to have no load balancers. */
const withoutServing = new Set(['Paused', 'Deleting', 'Kept'])
const retryMs = 10_000

export interface BalancersOptions {
  readonly api: KubeApi
  readonly log: (line: string) => void
  readonly pause: Pause
  readonly signal: AbortSignal
}

/** The load balancers of all nested clusters of a host. */
export interface Balancers {
  /** Shown all clusters after each change. */
  show(clusters: readonly KubeObject[]): void
  /** Something of the cluster has changed on the host. */
  wake(key: string): void
  /** Keeps those of one cluster while its API answers, until the signal ends it. Never rejects. */
  serve(cluster: OwnerCluster, nested: KubeApi, signal: AbortSignal): Promise<void>
  /** Watches the host until the signal ends it. Never rejects. */
  watch(): Promise<void>
}

/** A cluster that is there. */
interface Shown {
  readonly cluster: OwnerCluster
  /** It has nodes that could serve, and an API that can be asked. */
  readonly isServed: boolean
  /** It is to have none. */
  readonly isOff: boolean
}

export function createBalancers({ api, log, pause, signal }: BalancersOptions): Balancers {
  const addresses = createAddressGiver(api)
  const memories = new Map<string, ClusterMemory>()
  const bells = new Map<string, Bell>()
  const shown = new Map<string, Shown>()
  const retiring = new Set<string>()

  const wake = (key: string): void => bells.get(key)?.ring()
  /** Takes the host Services of a cluster away that is paused: what deletes a cluster takes its own. */
  const retire = async (key: string, cluster: OwnerCluster): Promise<void> => {
    if (retiring.has(key)) return
    retiring.add(key)
    while (!signal.aborted && shown.get(key)?.isServed === false) {
      try {
        for (const found of await listHostServices(api, cluster, signal))
          if (isOwn(cluster, found)) await deleteFound(api, serviceKind, found, { signal })
        break
      } catch (error) {
        log(`${key}: load balancers: ${String(error)}`)
        await pause(retryMs, signal).catch(() => undefined)
      }
    }
    retiring.delete(key)
  }

  return {
    wake,

    show: (clusters) => {
      const keys = new Set<string>()
      for (const { metadata, spec, status } of clusters) {
        const { name, namespace = '', uid = '', deletionTimestamp } = metadata
        const cluster = { name, namespace, uid }
        const key = keyOf(cluster)
        keys.add(key)
        const { phase = '' } = (status ?? {}) as { readonly phase?: string }
        const isServed = deletionTimestamp === undefined && !withoutServing.has(phase)
        const { addons } = (spec ?? {}) as { readonly addons?: { readonly loadBalancers?: string } }
        const isOff = addons?.loadBalancers === 'none'
        const before = shown.get(key)
        shown.set(key, { cluster, isServed, isOff })
        if (before?.isServed === isServed && before.isOff === isOff) continue
        if (isServed) wake(key)
        else if (phase === 'Paused') void retire(key, cluster)
      }
      for (const key of shown.keys()) {
        if (keys.has(key)) continue
        shown.delete(key)
        memories.delete(key)
      }
    },

    serve: async (cluster, nested, until) => {
      const key = keyOf(cluster)
      const bell = createBell()
      const memory = memories.get(key) ?? { firstSeen: new Map(), said: new Map() }
      memories.set(key, memory)
      bells.set(key, bell)
      try {
        await serveCluster({
          ...{ cluster, api, nested, addresses, memory, bell, pause },
          isServed: () => shown.get(key)?.cluster.uid === cluster.uid && shown.get(key)?.isServed === true,
          isOff: () => shown.get(key)?.isOff === true,
          log: (line) => log(`${key}: ${line}`),
          signal: anySignal(signal, until),
        })
      } finally {
        if (bells.get(key) === bell) bells.delete(key)
      }
    },

    watch: () => {
      let last = new Map<string, string>()
      return keepWatching(
        api,
        serviceKind,
        { labelSelector: labels.loadBalancer },
        { pause, signal },
        (all) => {
          const now = new Map(all.map((each) => [each.metadata.uid ?? '', stateOf(each)]))
          for (const [uid, state] of [...last, ...now]) {
            if (last.get(uid) === now.get(uid)) continue
            const [key = ''] = state.split(' ')
            wake(key)
            const { cluster, isServed } = shown.get(key) ?? {}
            if (cluster !== undefined && isServed === false && now.has(uid)) void retire(key, cluster)
          }
          last = now
        },
      )
    },
  }
}

function keyOf({ namespace, name }: ClusterRef): string {
  return `${namespace}/${name}`
}

function stateOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[labels.cluster] ?? ''} ${metadata.resourceVersion ?? ''}`
}
