import type { KubeObject } from '@knest/core'
import type { Host } from './host.js'
import { kinds } from './host-kinds.js'
import { containerOf } from './pod-views.js'
import type { Change, Writer } from './store.js'

const kubelet: Writer = { name: 'host kubelet', isKnest: false }

interface Place {
  readonly images: ReadonlySet<string>
  readonly report: (pod: KubeObject, container: object, more?: object) => void
}

/** Pods that are no nodes: each runs once, and tells which version its image has. */
export class OneOffPods {
  readonly #host: Host
  readonly #place: Place

  constructor(host: Host, place: Place) {
    this.#host = host
    this.#place = place
  }

  react({ before, after }: Pick<Change, 'before' | 'after'>): void {
    const { uid = '', deletionTimestamp } = after.metadata
    if (deletionTimestamp !== undefined) {
      if (before?.metadata.deletionTimestamp === undefined)
        this.#host.soon(() => this.#host.store.letGo(kubelet, after))
    } else if (before === undefined) this.#host.soon(() => this.#run(uid), 1_000, 4_000)
  }

  #run(uid: string): void {
    const pod = this.#host.store.list(kinds.pod).find(({ metadata }) => metadata.uid === uid)
    const image = containerOf(pod)?.image ?? ''
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
    if (this.#place.images.has(image)) {
      const terminated = { exitCode: 0, reason: 'Completed', message: /:v(.+)$/.exec(image)?.[1] ?? '' }
      this.#place.report(pod, { ready: false, state: { terminated }, image }, { phase: 'Succeeded' })
    } else this.#place.report(pod, { ready: false, state: { waiting: { reason: 'ImagePullBackOff' } } })
  }
}
