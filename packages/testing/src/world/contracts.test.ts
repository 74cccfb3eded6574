import { createKubernetesHome } from '@knest/core'
import { createCalicoAddresses } from '@knest/persistent-ip-calico'
import { describeAddressAdapter } from '../address-adapter-contract.js'
import { describeClusterHome } from '../cluster-home-contract.js'
import { describeKubeApi } from '../kube-api-contract.js'
import { sampleSpec } from '../sample-spec.js'
import { openWorld } from './open-world.js'

describeKubeApi("the world's host", () => {
  const { api, close } = openWorld()
  return Promise.resolve({ api, namespaces: ['default', 'team'], cleanUp: close })
})

describeClusterHome("KubernetesHome on the world's host", () => {
  const { api, close } = openWorld()
  return Promise.resolve({
    home: createKubernetesHome(api),
    ref: { name: 'c', namespace: 'knest-c' },
    spec: sampleSpec,
    cleanUp: close,
  })
})

describeAddressAdapter("Calico of the world's host", () => {
  const { api, close } = openWorld('calico')
  return Promise.resolve({
    open: (options) => createCalicoAddresses(api, options),
    range: '10.244.0.32-10.244.0.39',
    outside: '10.8.0.1',
    cleanUp: close,
  })
})
