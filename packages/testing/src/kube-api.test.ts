import { createFakeKubeApi } from './fake-kube-api.js'
import { describeKubeApi } from './kube-api-contract.js'

describeKubeApi('FakeKubeApi', () =>
  Promise.resolve({
    api: createFakeKubeApi([
      { apiVersion: 'v1', kind: 'Namespace' },
      { apiVersion: 'v1', kind: 'ConfigMap' },
      { apiVersion: 'v1', kind: 'Service', statusSubresource: true },
    ]),
    namespaces: ['a', 'b'],
    cleanUp: () => Promise.resolve(),
  }),
)
