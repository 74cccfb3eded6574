import { createKubernetesHome } from '@knest/core'
import { describeClusterHome } from '../cluster-home-contract.js'
import { describeKubeApi } from '../kube-api-contract.js'
import { sampleSpec } from '../sample-spec.js'
import { World } from './world.js'

/** A world whose time passes as fast as it can, beside the time of this process. */
function openWorld(): { readonly world: World; readonly close: () => Promise<void> } {
  const world = new World(1, [])
  let isOver = false
  const pump = async (): Promise<void> => {
    while (!isOver) await world.clock.run(() => isOver, world.clock.now + 10)
  }
  const running = pump()
  return {
    world,
    close: () => {
      isOver = true
      return running
    },
  }
}

describeKubeApi("the world's host", () => {
  const { world, close } = openWorld()
  return Promise.resolve({
    api: world.start('contract', 'contract').api,
    namespaces: ['default', 'team'],
    cleanUp: close,
  })
})

describeClusterHome("KubernetesHome on the world's host", () => {
  const { world, close } = openWorld()
  return Promise.resolve({
    home: createKubernetesHome(world.start('contract', 'contract').api),
    ref: { name: 'c', namespace: 'knest-c' },
    spec: sampleSpec,
    cleanUp: close,
  })
})
