import { KnestError } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { claimOf, type Host } from './host.js'
import { kinds } from './host-kinds.js'
import { containerOf, statusOf } from './pod-views.js'
import type { Change, Writer } from './store.js'

const cdi: Writer = { name: 'cdi', isKnest: false }
const jobs: Writer = { name: 'job controller', isKnest: false }
const jobName = 'job-name'

/** Who fills the disks of VMs: CDI for DataVolumes, the Job controller for those that knest copies itself. */
export class VmDisks {
  readonly #host: Host
  /** Images whose disks claims hold, by uid of the claim. */
  readonly #filled: Map<string, string>

  constructor(host: Host, filled: Map<string, string>) {
    this.#host = host
    this.#filled = filled
    host.store.onChange((change) => this.#react(change))
  }

  #react({ before, after, isGone }: Change): void {
    const { name, namespace = '', labels } = after.metadata
    if (after.kind === kinds.dataVolume.kind && before === undefined)
      this.#soon(() => this.#import(namespace, name))
    // CDI makes the claim of a DataVolume again.
    if (after.kind === kinds.claim.kind && isGone) this.#soon(() => this.#import(namespace, name))
    if (after.kind === kinds.job.kind && before === undefined) this.#soon(() => this.#runJob(namespace, name))
    const job = labels?.[jobName]
    if (after.kind === kinds.pod.kind && job !== undefined) this.#soon(() => this.#runJob(namespace, job))
  }

  #soon(work: () => void, low = 100, high = 900): void {
    const attempt = (): void => {
      try {
        work()
      } catch (error) {
        if (!(error instanceof KnestError)) throw error
        this.#soon(work, 2_000, 5_000)
      }
    }
    this.#host.soon(attempt, low, high)
  }

  #import(namespace: string, name: string): void {
    const { store, clock, random } = this.#host
    const volume = store.get(kinds.dataVolume, name, namespace)
    if (volume === undefined || volume.metadata.deletionTimestamp !== undefined) return
    if (store.get(kinds.claim, name, namespace) !== undefined) return
    const { labels = {}, annotations = {}, uid = '' } = volume.metadata
    const ownerReferences = [{ ...kinds.dataVolume, name, uid, controller: true }]
    const metadata = { name, namespace, labels, annotations, ownerReferences }
    const claim = store.create(cdi, { ...kinds.claim, metadata, spec: { accessModes: ['ReadWriteOnce'] } })
    this.#tell(volume, { phase: 'ImportInProgress', progress: '0.0%' })
    clock.plan(random.between(8_000, 60_000), () => this.#end(volume, claim))
  }

  #end(volume: KubeObject, claim: KubeObject): void {
    const { store } = this.#host
    const { name, namespace } = claim.metadata
    const [now, made] = [kinds.dataVolume, kinds.claim].map((kind) => store.get(kind, name, namespace))
    const isSame = now?.metadata.uid === volume.metadata.uid && made?.metadata.uid === claim.metadata.uid
    if (!isSame) return
    const { url } = (volume.spec as { readonly source: { readonly registry: { readonly url: string } } })
      .source.registry
    this.#filled.set(claim.metadata.uid ?? '', url.replace('docker://', ''))
    const annotations = { 'cdi.kubevirt.io/storage.pod.phase': 'Succeeded' }
    store.patch(cdi, kinds.claim, name, namespace, { metadata: { annotations } })
    this.#tell(volume, { phase: 'Succeeded', progress: '100.0%' })
  }

  #tell({ metadata: { name, namespace } }: KubeObject, status: object): void {
    this.#host.store.patch(cdi, kinds.dataVolume, name, namespace, { status }, 'status')
  }

  /** A Job of one pod, which waits for its claim. */
  #runJob(namespace: string, name: string): void {
    const { store } = this.#host
    const job = store.get(kinds.job, name, namespace)
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return
    if (((job.status ?? {}) as { readonly succeeded?: number }).succeeded === 1) return
    const { template } = job.spec as {
      readonly template: { readonly metadata: { labels: object }; readonly spec: object }
    }
    const pod = store.list(kinds.pod, { namespace, labelSelector: `${jobName}=${name}` })[0]
    if (pod !== undefined) {
      if (statusOf(pod).phase !== 'Succeeded') return
      const filled = store.get(kinds.claim, claimOf(pod) ?? '', namespace)
      const uid = filled?.metadata.uid ?? ''
      if (!this.#filled.has(uid)) this.#filled.set(uid, containerOf(pod)?.image ?? '')
      store.patch(jobs, kinds.job, name, namespace, { status: { succeeded: 1 } }, 'status')
      return
    }
    const claim = claimOf({ ...kinds.pod, metadata: { name }, spec: template.spec })
    const found = store.get(kinds.claim, claim ?? '', namespace)
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) {
      this.#soon(() => this.#runJob(namespace, name), 2_000, 5_000)
      return
    }
    store.create(jobs, {
      ...kinds.pod,
      metadata: {
        name: `${name}-${this.#host.random.between(10_000, 99_999)}`,
        namespace,
        labels: { ...template.metadata.labels, [jobName]: name },
        ownerReferences: [{ ...kinds.job, name, uid: job.metadata.uid ?? '', controller: true }],
      },
      spec: template.spec,
    })
  }
}
