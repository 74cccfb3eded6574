import type { NodeSpec } from '@knest/core'

/** For tests: a worker as the planner would ask for it. */
export const sampleNode: NodeSpec = {
  cluster: { name: 'demo', namespace: 'knest-demo' },
  clusterUid: '3f0c7f7e-0000-0000-0000-000000000001',
  name: 'demo-worker-0',
  role: 'worker',
  pool: 'worker',
  image: 'localhost/knest/node:v1.35.4',
  vmImage: 'localhost/knest/vm:v1.35.4',
  machine: { cpuCores: 2, memorySize: '4Gi', rootfsSize: '20Gi' },
  identity: undefined,
  reservation: undefined,
  persistent: false,
  storageClass: undefined,
  hostPatches: [],
  hosts: [{ ip: '10.96.1.2', name: 'demo-api.knest-demo.svc' }],
}
