import { createFakeClusterHome } from './fake-cluster-home.js'
import { createFakeNodeBackend } from './fake-node-backend.js'
import { describeClusterHome } from './cluster-home-contract.js'
import { describeNodeBackend } from './node-backend-contract.js'
import { sampleSpec } from './sample-spec.js'

const ref = { name: 'c', namespace: 'knest-c' }

// The fakes stand in for real parts in other tests: they must keep the same promises.
describeNodeBackend('FakeNodeBackend', () =>
  Promise.resolve({
    backend: createFakeNodeBackend(),
    node: {
      cluster: ref,
      clusterUid: '1',
      name: 'c-worker-0',
      role: 'worker',
      pool: 'worker',
      image: sampleSpec.image,
      machine: sampleSpec.controlPlane.machine,
      identity: undefined,
      hosts: [],
      reservation: undefined,
      persistent: false,
      storageClass: undefined,
      hostPatches: [],
    },
    cleanUp: () => Promise.resolve(),
  }),
)

describeClusterHome('FakeClusterHome', () =>
  Promise.resolve({ home: createFakeClusterHome(), ref, spec: sampleSpec, cleanUp: () => Promise.resolve() }),
)
