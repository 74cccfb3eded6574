import { createKubernetesHome } from '@knest/core'
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
