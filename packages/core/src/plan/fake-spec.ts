import type { ClusterSpec } from '../contracts/cluster.js'

/** For tests: so many control planes, and workers of one pool. */
export function fakeSpec(controlPlanes: number, workers: number): ClusterSpec {
  const machine = { cpuCores: 2, memorySize: '4Gi', rootfsSize: '4Gi' }
  return {
    kubernetesVersion: '1.35.4',
    image: 'localhost/knest/node:v1.35.4',
    controlPlane: { count: controlPlanes, backend: 'pod', machine },
    workers: [{ name: 'worker', count: workers, backend: 'pod', machine, labels: {}, taints: [] }],
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
}
