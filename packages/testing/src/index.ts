/** For tests only: fakes that say so in their names, and the suites that they and the real parts pass. */
export { describeAddressAdapter, type AddressAdapterSubject } from './address-adapter-contract.js'
export { describeClusterHome, type ClusterHomeSubject } from './cluster-home-contract.js'
export { createFakeAddressAdapter, type FakeAddressHost } from './fake-address-adapter.js'
export { createFakeClusterHome } from './fake-cluster-home.js'
export { createFakeKubeApi, type FakeKubeApi } from './fake-kube-api.js'
export { createFakeNodeBackend } from './fake-node-backend.js'
export { describeNodeBackend, type NodeBackendSubject } from './node-backend-contract.js'
export { sampleSpec } from './sample-spec.js'
