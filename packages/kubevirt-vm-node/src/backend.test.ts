import { describeNodeBackend } from '@knest/testing'
import { createVmNodeBackend } from './backend.js'
import { startFakeKubeVirt } from './fake-kubevirt.js'
import { sampleNode } from './sample-node.js'

describeNodeBackend('the VM backend on a fake KubeVirt', async () => {
  const fake = await startFakeKubeVirt()
  return {
    backend: createVmNodeBackend(fake.api, { jobsFolder: fake.jobsFolder }),
    node: sampleNode,
    cleanUp: () => fake.close(),
  }
})
