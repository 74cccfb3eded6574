import { KnestError } from '@knest/core'
import type { CertificateAuthorities, ClusterHome, ClusterRecord, ClusterRef } from '@knest/core'

/** Stands in for the host cluster as home of records: a map in memory. Passes the same contract suite. */
export function createFakeClusterHome(): ClusterHome {
  const records = new Map<string, ClusterRecord>()
  const authorities = new Map<string, CertificateAuthorities>()
  const locked = new Set<string>()
  let counter = 0
  const key = ({ namespace, name }: ClusterRef): string => `${namespace}/${name}`
  const next = (): string => String(++counter)

  return {
    description: 'memory',
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
    create: (ref, spec) => {
      if (records.has(key(ref)))
        return Promise.reject(new KnestError('already-exists', `cluster "${ref.name}" exists`))
      const record: ClusterRecord = {
        ...ref,
        spec,
        phase: 'Creating',
        conditions: [],
        createdAt: new Date().toISOString(),
        uid: next(),
        version: next(),
      }
      records.set(key(ref), record)
      return Promise.resolve(record)
    },
    update: (record, spec) => {
      const current = records.get(key(record))
      if (current?.version !== record.version)
        return Promise.reject(new KnestError('conflict', `cluster "${record.name}" was changed`))
      const desiredSpec = current.desiredSpec === undefined ? {} : { desiredSpec: spec }
      const updated = { ...current, spec, ...desiredSpec, version: next() }
      records.set(key(record), updated)
      return Promise.resolve(updated)
    },
    accept: (record, spec) => {
      const accepted = { ...record, spec, desiredSpec: record.desiredSpec ?? record.spec, version: next() }
      records.set(key(record), accepted)
      return Promise.resolve(accepted)
    },
    setStatus: (ref, { phase, conditions }) => {
      const current = records.get(key(ref))
      if (current === undefined)
        return Promise.reject(new KnestError('not-found', `there is no cluster "${ref.name}"`))
      records.set(key(ref), { ...current, phase, conditions, version: next() })
      return Promise.resolve()
    },
    readAuthorities: (ref) => Promise.resolve(authorities.get(key(ref))),
    saveAuthorities: (record, wanted) => {
      const stored = authorities.get(key(record)) ?? wanted
      authorities.set(key(record), stored)
      return Promise.resolve(stored)
    },
    readKubeconfig: () => Promise.resolve(undefined),
    saveKubeconfig: () => Promise.resolve(),
    ensureAddresses: (record, nodes) =>
      Promise.resolve({
        controlPlaneEndpoint: `${record.name}.invalid:6443`,
        identities: new Map(nodes.map((node, index) => [node, `192.0.2.${index + 1}`])),
        certificateNames: [`${record.name}.invalid`],
        peerNames: [],
        hosts: [],
      }),
    releaseAddress: () => Promise.resolve(),
    apiUrls: () => Promise.resolve([]),
    lock: async (ref, signal, onWait) => {
      let told = false
      while (locked.has(key(ref))) {
        if (!told) onWait('somebody')
        told = true
        await new Promise((resolve) => setTimeout(resolve, 5))
        signal.throwIfAborted()
      }
      locked.add(key(ref))
      return {
        signal: new AbortController().signal,
        release: () => {
          locked.delete(key(ref))
          return Promise.resolve()
        },
      }
    },
    remove: (ref) => {
      records.delete(key(ref))
      authorities.delete(key(ref))
      return Promise.resolve()
    },
  }
}
