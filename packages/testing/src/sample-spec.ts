import type { ClusterSpec } from '@knest/core'

/** A complete spec, as a record holds it. */
export const sampleSpec: ClusterSpec = {
  kubernetesVersion: '1.35.4',
  image: 'localhost/knest/node:v1.35.4',
  controlPlane: { count: 1, backend: 'pod', machine: { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' } },
  workers: [
    {
      name: 'worker',
      count: 1,
      backend: 'pod',
      machine: { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' },
      labels: {},
      taints: [],
    },
  ],
  network: {
    podNetworkCidr: ['10.200.0.0/16'],
    serviceCidr: ['10.201.0.0/16'],
    dnsDomain: 'cluster.local',
    cni: 'flannel',
    vxlanPort: 14789,
    mtu: 1400,
  },
  endpoint: { serviceType: 'NodePort' },
  persistence: { enabled: false },
  hostPatches: [],
}
