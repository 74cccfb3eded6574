import { createKubernetesHome } from '@knest/core'
import { createPodNodeBackend } from '@knest/pod-node'
import { describeClusterHome, describeNodeBackend, sampleSpec } from '@knest/testing'
import { never, openHost } from './support/cluster.js'
import { createHome } from './support/home.js'

// The real parts pass the suites that the fakes in packages/testing pass.
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
      lease: undefined,
      persistent: false,
      storageClass: undefined,
      patches: [],
    },
    cleanUp: async () => {
      await home.remove(cluster, { keepData: false, signal: never })
      api.close()
      directory.remove()
    },
  }
})
