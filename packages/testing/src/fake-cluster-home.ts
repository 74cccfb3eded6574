import { BusyError, KnestError } from '@knest/core'
import type {
  CertificateAuthorities,
  ClusterAddresses,
  ClusterHome,
  ClusterRecord,
  ClusterRef,
  ClusterSpec,
} from '@knest/core'

export interface FakeClusterHome extends ClusterHome {
  /** Secrets and ConfigMaps of the host, as in `Secret/knest-q/a`. */
  readonly hostData: Map<string, Readonly<Record<string, string>>>
  /** Makes the record as somebody does who applies its object, and no command. */
  declare(ref: ClusterRef, spec: ClusterSpec): ClusterRecord
  /** What the object of a record that was accepted asks for from now on. */
  ask(ref: ClusterRef, spec: ClusterSpec): void
  /** Somebody deletes the object; it stays until the cluster is gone. */
  deleteObject(ref: ClusterRef): void
  /** Somebody makes a ConfigMap or Secret beside the record. */
  putData(
    ref: ClusterRef,
    kind: 'ConfigMap' | 'Secret',
    name: string,
    data: Readonly<Record<string, string>>,
  ): void
  /** Somebody removes what holds the authorities, and nothing else. */
  loseAuthorities(ref: ClusterRef): void
  /** Pods of the host, by namespace and name, with their uids; what is not known is thrown. */
  readonly pods: Map<string, string | KnestError>
  /** Takes the lock away from who holds it: somebody else has it when there is no other reason. */
  loseLock(ref: ClusterRef, reason?: KnestError): void
}

interface Holder {
  readonly lost: AbortController
  readonly preemptible: boolean
}

/** Stands in for the host cluster as home of records: a map in memory. Passes the same contract suite. */
export function createFakeClusterHome(): FakeClusterHome {
  const records = new Map<string, ClusterRecord>()
  const authorities = new Map<string, CertificateAuthorities>()
  const kubeconfigs = new Map<string, string>()
  const identities = new Map<string, Map<string, string>>()
  const locked = new Map<string, Holder>()
  const hostData = new Map<string, Readonly<Record<string, string>>>()
  const pods = new Map<string, string | KnestError>()
  let counter = 0
  const key = ({ namespace, name }: ClusterRef): string => `${namespace}/${name}`
  const next = (): string => String(++counter)
  const begun = (
    ref: ClusterRef,
    spec: ClusterSpec,
    declared: boolean,
    labels?: ClusterRecord['labels'],
  ): ClusterRecord => {
    const record: ClusterRecord = {
      name: ref.name,
      namespace: ref.namespace,
      spec,
      declared,
      ...(labels !== undefined && { labels }),
      phase: 'Creating',
      conditions: [],
      createdAt: new Date().toISOString(),
      uid: next(),
      version: next(),
    }
    records.set(key(ref), record)
    return record
  }
  const stored = (ref: ClusterRef): ClusterRecord => {
    const current = records.get(key(ref))
    if (current === undefined) throw new KnestError('not-found', `there is no cluster "${ref.name}"`)
    return current
  }
  const change = (ref: ClusterRef, changes: Partial<ClusterRecord>): ClusterRecord => {
    const changed = { ...stored(ref), ...changes, version: next() }
    records.set(key(ref), changed)
    return changed
  }
  /** What is there now, for who has seen it. */
  const seen = (record: ClusterRecord): ClusterRecord => {
    const current = stored(record)
    if (current.version !== record.version)
      throw new KnestError('conflict', `cluster "${record.name}" was changed`)
    return current
  }
  const answer = <T>(work: () => T): Promise<T> => Promise.resolve().then(work)

  return {
    description: 'memory',
    hostData,
    putData: ({ namespace }, kind, name, data) => void hostData.set(`${kind}/${namespace}/${name}`, data),
    readData: (kind, name, namespace) => {
      const data = hostData.get(`${kind}/${namespace}/${name}`)
      return Promise.resolve(data === undefined ? undefined : { data })
    },
    inspect: () =>
      Promise.resolve({
        occupied: [],
        cni: undefined,
        tunnelPorts: [],
        podMtu: 1450,
        serviceType: 'ClusterIP',
        problems: [],
      }),
    list: (namespace) =>
      Promise.resolve(
        [...records.values()].filter((record) => namespace === undefined || record.namespace === namespace),
      ),
    read: (ref) => Promise.resolve(records.get(key(ref))),
    create: async (ref, spec, signal, more) => {
      await more?.placed?.(signal)
      if (records.has(key(ref))) throw new KnestError('already-exists', `cluster "${ref.name}" exists`)
      return begun(ref, spec, false, more?.labels)
    },
    update: (record, spec) =>
      answer(() =>
        change(record, seen(record).desiredSpec === undefined ? { spec } : { spec, desiredSpec: spec }),
      ),
    accept: (record, spec) =>
      answer(() => {
        const current = seen(record)
        return change(record, { spec, desiredSpec: current.desiredSpec ?? current.spec })
      }),
    setStatus: (ref, { phase, conditions, images }) =>
      answer(() => {
        const isGoing = stored(ref).deletedAt !== undefined
        change(ref, { phase: isGoing ? 'Deleting' : phase, conditions, ...(images && { images }) })
      }),
    noteSettings: (ref, settings, _signal, version) =>
      answer(
        () => change(version === undefined ? ref : seen({ ...stored(ref), version }), { settings }).version,
      ),
    pods,
    uidOf: ({ namespace, name }) => {
      const found = pods.get(`${namespace}/${name}`)
      return found instanceof KnestError ? Promise.reject(found) : Promise.resolve(found)
    },
    declare: (ref, spec) => begun(ref, spec, true),
    ask: (ref, desiredSpec) => void change(ref, { desiredSpec }),
    deleteObject: (ref) => void change(ref, { phase: 'Deleting', deletedAt: new Date().toISOString() }),
    loseAuthorities: (ref) => void authorities.delete(key(ref)),
    loseLock: (ref, reason = new BusyError('somebody else took over the lock')) =>
      locked.get(key(ref))?.lost.abort(reason),

    readAuthorities: (ref) => Promise.resolve(authorities.get(key(ref))),
    saveAuthorities: (record, wanted) => {
      const stored = authorities.get(key(record)) ?? wanted
      authorities.set(key(record), stored)
      return Promise.resolve(stored)
    },
    readKubeconfig: (ref) => Promise.resolve(kubeconfigs.get(key(ref))),
    saveKubeconfig: (record, kubeconfig) => {
      kubeconfigs.set(key(record), kubeconfig)
      return Promise.resolve()
    },
    ensureAddresses: (record, nodes) => {
      const own = identities.get(key(record)) ?? new Map<string, string>()
      identities.set(key(record), own)
      for (const node of nodes) if (!own.has(node)) own.set(node, `192.0.2.${next()}`)
      const addresses: ClusterAddresses = {
        controlPlaneEndpoint: `${record.name}.invalid:6443`,
        identities: new Map(nodes.map((node) => [node, own.get(node) ?? ''])),
        certificateNames: [`${record.name}.invalid`],
        peerNames: [],
        hosts: [],
      }
      return Promise.resolve(addresses)
    },
    releaseAddress: (ref, node) => {
      identities.get(key(ref))?.delete(node)
      return Promise.resolve()
    },
    apiUrls: () => Promise.resolve([]),
    lock: async (ref, signal, onWait, { preemptible = false } = {}) => {
      let told = false
      for (let holder = locked.get(key(ref)); holder !== undefined; holder = locked.get(key(ref))) {
        if (!told) onWait('somebody')
        told = true
        if (holder.preemptible && !preemptible)
          holder.lost.abort(new BusyError('somebody wants to work on the cluster'))
        signal.throwIfAborted()
        await new Promise((resolve) => setTimeout(resolve, 5))
        signal.throwIfAborted()
      }
      signal.throwIfAborted()
      const own = { lost: new AbortController(), preemptible }
      locked.set(key(ref), own)
      return {
        signal: own.lost.signal,
        release: () => {
          if (locked.get(key(ref)) === own) locked.delete(key(ref))
          return Promise.resolve()
        },
      }
    },
    remove: (ref) => {
      records.delete(key(ref))
      authorities.delete(key(ref))
      kubeconfigs.delete(key(ref))
      identities.delete(key(ref))
      return Promise.resolve()
    },
  }
}
