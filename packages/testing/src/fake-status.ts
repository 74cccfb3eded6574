import {
  phaseTable,
  type ClusterPhase,
  type ClusterRef,
  type ClusterSpec,
  type ClusterStatus,
  type ClusterSummary,
  type NodeSummary,
} from '@knest/core'

export function fakeKubeconfig(name: string, server = 'https://10.0.0.1:30443'): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: knest-${name}
  cluster:
    server: ${server}
contexts:
- name: knest-${name}
  context:
    cluster: knest-${name}
    user: knest-${name}-admin
current-context: knest-${name}
users:
- name: knest-${name}-admin
  user:
    client-key-data: a2V5
`
}

/** A Ready cluster with one control plane and one worker, made at the fake clock's midnight. */
export function fakeStatus(
  part: Partial<ClusterStatus> & { readonly spec?: ClusterSpec } = {},
): ClusterStatus {
  const { spec, ...fields } = part
  const name = fields.name ?? 'quickstart'
  return {
    name,
    namespace: `knest-${name}`,
    backend: 'pod',
    kubernetesVersion: '1.35.4',
    phase: 'Ready',
    controlPlane: { desired: spec?.controlPlane.count ?? 1, ready: 1 },
    workers: { desired: 1, ready: 1 },
    podNetworkCidr: spec?.network.podNetworkCidr ?? ['10.200.0.0/16'],
    serviceCidr: spec?.network.serviceCidr ?? ['10.201.0.0/16'],
    createdAt: '2026-01-01T00:00:00Z',
    nodes: [
      {
        name: `${name}-cp-0`,
        role: 'control-plane',
        ready: true,
        status: 'Ready',
        version: '1.35.4',
        ip: '10.244.0.7',
        disk: 'persistent',
        addressKept: true,
        reservation: { ip: '10.244.0.7', mac: '52:54:00:f4:00:07' },
        backend: 'pod',
        hostObject: `${name}-cp-0-0`,
        hostNode: 'host-1',
        reason: undefined,
      },
      {
        name: `${name}-worker-0`,
        role: 'worker',
        ready: false,
        status: 'NotReady',
        version: undefined,
        ip: undefined,
        disk: 'ephemeral',
        addressKept: false,
        reservation: undefined,
        backend: 'pod',
        hostObject: `${name}-worker-0-0`,
        hostNode: undefined,
        reason: 'Unschedulable: too little memory',
      },
    ],
    etcd: {
      members: [
        {
          id: '374ac64b941d1ee6',
          name: `${name}-cp-0`,
          healthy: true,
          leader: true,
          learner: false,
          dbSizeBytes: 1_552_384,
        },
      ],
      problem: undefined,
    },
    certificates: {
      earliest: {
        node: `${name}-cp-0`,
        name: 'apiserver',
        expires: '2027-01-01T00:00:00Z',
        daysLeft: 364,
      },
      endSoon: 0,
      renewBeforeDays: 30,
      unfinished: [],
      problems: [],
    },
    problems: [],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'AllNodesReady',
        message: '',
        lastTransitionTime: '2026-01-01T00:01:00Z',
      },
    ],
    ...fields,
  }
}

/** A cluster made by this spec whose nodes are all Ready; in the phases in which it has none, without them. */
export function statusOfSpec(ref: ClusterRef, spec: ClusterSpec, phase: ClusterPhase): ClusterStatus {
  const { name, namespace } = ref
  const counts = [
    { pool: 'cp', count: spec.controlPlane.count, backend: spec.controlPlane.backend },
    ...spec.workers.map(({ name: pool, count, backend }) => ({ pool, count, backend })),
  ]
  const hasNodes = phase !== 'Creating' && phaseTable[phase].nodes !== 'none'
  const nodes = counts.flatMap(({ pool, count, backend }) =>
    Array.from({ length: hasNodes ? count : 0 }, (_, index) => ({
      ...readyNode(`${name}-${pool}-${index}`, spec),
      backend,
    })),
  )
  const group = (role: NodeSummary['role'], desired: number): ClusterSummary['workers'] => ({
    desired,
    ready: nodes.filter((node) => node.role === role).length,
  })
  const workers = spec.workers.reduce((sum, { count }) => sum + count, 0)
  return {
    ...fakeStatus({ name, namespace, spec }),
    backend: [...new Set(counts.map(({ backend }) => backend))].join('+'),
    kubernetesVersion: spec.kubernetesVersion,
    phase,
    controlPlane: group('control-plane', spec.controlPlane.count),
    workers: group('worker', workers),
    nodes,
  }
}

function readyNode(name: string, spec: ClusterSpec): NodeSummary {
  const { persistence, kubernetesVersion } = spec
  return {
    name,
    role: name.includes('-cp-') ? 'control-plane' : 'worker',
    ready: true,
    status: 'Ready',
    version: kubernetesVersion,
    ip: '10.244.0.7',
    disk: persistence.enabled ? 'persistent' : 'ephemeral',
    addressKept: false,
    reservation: undefined,
    backend: 'pod',
    hostObject: `${name}-0`,
    hostNode: 'host-1',
    reason: undefined,
  }
}
