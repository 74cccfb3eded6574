import {
  createContainerHome,
  createContainerNodeBackend,
  createEngine,
  detectEngine,
  engineNames,
} from 'knest/embedded'
import { createClusters, createKubernetesHome, deleteNamespace, resolveSpec } from '@knest/core'
import { createPodNodeBackend } from 'knest/pod'
import {
  describeClusterHome,
  describeClusters,
  describeKubeApi,
  describeNodeBackend,
  sampleSpec,
} from '@knest/testing'
import { describe, expect, it } from 'vitest'
import { never, openHost } from './support/cluster.js'
import { createHome } from './support/home.js'

// The real parts pass the suites that the fakes in packages/testing pass.
describeKubeApi('the API server of the host', async () => {
  const directory = createHome()
  const api = await openHost(directory)
  const namespaces = ['knest-e2e-objects', 'knest-e2e-other-objects'] as const
  for (const name of namespaces)
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal: never })
  return {
    api,
    namespaces,
    cleanUp: async () => {
      for (const name of namespaces) await deleteNamespace(api, name, never)
      api.close()
      directory.remove()
    },
  }
})

describeClusterHome('the host cluster', async () => {
  const directory = createHome()
  const api = await openHost(directory)
  const home = createKubernetesHome(api)
  const ref = { name: 'e2e-home', namespace: 'knest-e2e-home' }
  return {
    home,
    ref,
    spec: sampleSpec,
    cleanUp: async () => {
      await home.remove(ref, { keepData: false, signal: never })
      api.close()
      directory.remove()
    },
  }
})

describe('a lock that makes way', () => {
  const ref = { name: 'e2e-way', namespace: 'knest-e2e-way' }
  const preemptible = { preemptible: true }
  const none = (): void => undefined

  it('goes to who waits for it, and not back to another that makes way', async () => {
    const directory = createHome()
    const api = await openHost(directory)
    const home = createKubernetesHome(api)
    try {
      await home.create(ref, sampleSpec, never)
      const first = await home.lock(ref, never, none, preemptible)
      first.signal.addEventListener('abort', () => void first.release())
      const command = home.lock(ref, never, none)
      const again = home.lock(ref, never, none, preemptible)
      await expect(Promise.race([command.then(() => 'command'), again.then(() => 'again')])).resolves.toBe(
        'command',
      )
      expect(String(first.signal.reason)).toContain('wants to work on cluster "e2e-way"')
      await (await command).release()
      await (await again).release()
    } finally {
      await home.remove(ref, { keepData: false, signal: never })
      api.close()
      directory.remove()
    }
  }, 60_000)
})

describeClusters('clusters of pods', async () => {
  const directory = createHome()
  const api = await openHost(directory)
  const home = createKubernetesHome(api)
  const backend = createPodNodeBackend(api)
  const clusters = createClusters({ home, backend: () => Promise.resolve(backend) })
  const ref = { name: 'e2e-clusters', namespace: 'knest-e2e-clusters-of-pods' }
  return {
    clusters,
    ref,
    // What depends on the host is decided by the host.
    spec: resolveSpec({ workers: [{ count: 0 }] }, { force: false }),
    cleanUp: async () => {
      await home.remove(ref, { keepData: false, signal: never })
      api.close()
      directory.remove()
    },
  }
})

describeNodeBackend('a pod', async () => {
  const directory = createHome()
  const api = await openHost(directory)
  const home = createKubernetesHome(api)
  const cluster = { name: 'e2e-pod', namespace: 'knest-e2e-pod' }
  const record = await home.create(cluster, sampleSpec, never)
  const addresses = await home.ensureAddresses(record, [], never)
  return {
    backend: createPodNodeBackend(api),
    node: {
      cluster,
      clusterUid: record.uid,
      name: 'e2e-pod-worker-0',
      role: 'worker',
      pool: 'worker',
      image: sampleSpec.image,
      machine: { cpuCores: 1, memorySize: '1Gi', rootfsSize: '1Gi' },
      identity: undefined,
      hosts: addresses.hosts,
      reservation: undefined,
      persistent: false,
      storageClass: undefined,
      hostPatches: [],
    },
    cleanUp: async () => {
      await home.remove(cluster, { keepData: false, signal: never })
      api.close()
      directory.remove()
    },
  }
})

// The embedded host's backend, where there is an engine to make one with.
if (process.env.KNEST_E2E_CONTEXT === undefined) {
  const engine = await detectEngine(
    engineNames.map((name) => createEngine(name)),
    never,
  )
  const ref = { name: 'e2e-engine', namespace: 'embedded' }
  const spec = {
    ...sampleSpec,
    controlPlane: { ...sampleSpec.controlPlane, backend: 'container' as const },
    workers: [],
  }

  const cleanUp = () => createContainerHome(engine).remove(ref, { keepData: false, signal: never })

  describeClusterHome(engine.name, async () => {
    // A run that was killed leaves it on this machine.
    await cleanUp()
    return { home: createContainerHome(engine), ref, spec, cleanUp }
  })

  describeNodeBackend(`a ${engine.name} container`, async () => {
    await cleanUp()
    const home = createContainerHome(engine)
    const record = await home.create(ref, spec, never)
    const name = 'e2e-engine-cp-0'
    const addresses = await home.ensureAddresses(record, [name], never)
    return {
      backend: createContainerNodeBackend(engine),
      node: {
        cluster: ref,
        clusterUid: record.uid,
        name,
        role: 'control-plane',
        pool: 'cp',
        image: spec.image,
        machine: { cpuCores: 1, memorySize: '1Gi', rootfsSize: '1Gi' },
        identity: addresses.identities.get(name),
        hosts: addresses.hosts,
        reservation: undefined,
        persistent: false,
        storageClass: undefined,
        hostPatches: [],
      },
      cleanUp,
    }
  })
}
