import {
  addedNodes,
  imageProblems,
  KnestError,
  nodeName,
  objectNames,
  rightsProblems,
  storageProblems,
  takenNames,
  takenProblems,
  volumeClaimKind,
  knestCommand,
  kubectlCommand,
} from '@knest/core'
import type {
  ClusterRef,
  ClusterSpec,
  ExistingNode,
  KubeApi,
  KubeObject,
  NodeGroup,
  NodeRole,
  NodeSpec,
  Problem,
} from '@knest/core'
import { jobKind } from './copy-job.js'
import { hostFacts, type HostFacts } from './host-facts.js'
import { dataVolumeKind, vmKind } from './kubevirt.js'
import { virtualMachine } from './manifest.js'
import { copyJob, rootDisk, userdataSecret } from './names.js'
import type { VmNodeOptions } from './options.js'
import { hasDataVolumes } from './root-disk.js'

/** Everything that would keep VM nodes from running, found without changing anything. */
export async function preflight(
  api: KubeApi,
  cluster: ClusterRef,
  spec: ClusterSpec,
  { existing = [], ...options }: VmNodeOptions & { readonly existing?: readonly ExistingNode[] | undefined },
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const [facts, namespace] = await Promise.all([readFacts(api, signal), placeOf(api, cluster, signal)])
  if ('problem' in facts) return [facts.problem]
  const patched = samples(spec, options, namespace)
  const found = await Promise.all([
    rightsProblems(api, cluster, needed, signal),
    nameProblems(api, cluster, spec, existing, signal),
    imageProblems(api, spec.vmImage ?? '', '--vm-image', signal),
    storageProblems(api, spec, signal),
    copyProblems(api, spec, signal),
    // A dry run of KubeVirt's own checks says nothing new where it forbids the bridge anyway.
    facts.kubeVirt?.bridgePermitted === false ? [] : admission(api, patched.machines, signal),
  ])
  return [...kubeVirtProblems(facts), ...patched.problems, ...found.flat()]
}

/** What of the names of the nodes' objects is taken by others. */
async function nameProblems(
  api: KubeApi,
  cluster: ClusterRef,
  spec: ClusterSpec,
  existing: readonly ExistingNode[],
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const nodes = addedNodes(cluster, spec, existing).filter(({ backend }) => backend === 'vm')
  const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', name })
  const disk = ({ name }: { readonly name: string }) => [
    { ...volumeClaimKind, name: rootDisk(name) },
    { ...dataVolumeKind, name: rootDisk(name) },
    { ...jobKind, name: copyJob(name) },
  ]
  const objects = [
    secret(objectNames.sshSecret(cluster.name)),
    ...nodes.flatMap((node) => [
      { ...vmKind, name: node.name },
      secret(userdataSecret(node.name)),
      ...(spec.persistence.enabled ? disk(node) : []),
    ]),
  ]
  return takenProblems(cluster, await takenNames(api, cluster, objects, signal), existing)
}

const needed = [
  { verb: 'create', group: 'kubevirt.io', resource: 'virtualmachines' },
  { verb: 'get', group: 'kubevirt.io', resource: 'virtualmachineinstances' },
  {
    verb: 'get',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachineinstances',
    subresource: 'portforward',
  },
  { verb: 'create', resource: 'services' },
  { verb: 'create', resource: 'secrets' },
  { verb: 'create', group: 'coordination.k8s.io', resource: 'leases' },
  { verb: 'create', group: 'knest.dev', resource: 'nestedclusters' },
] as const

async function readFacts(
  api: KubeApi,
  signal: AbortSignal,
): Promise<HostFacts | { readonly problem: Problem }> {
  try {
    const facts = await hostFacts(api, signal)
    return facts.kubeVirt === undefined ? { problem: noKubeVirt(api) } : facts
  } catch (error) {
    if (!(error instanceof KnestError) || error.code !== 'not-permitted') throw error
    // Its settings stay unknown; the dry run and the VM itself will tell.
    return { kubeVirt: undefined, kvmDevices: undefined }
  }
}

function noKubeVirt(api: KubeApi): Problem {
  return {
    reason: 'KubeVirtMissing',
    severity: 'error',
    message: `the host (${api.description}) has no KubeVirt, which VM nodes need`,
    hint: `install it with ${knestCommand('host', 'install', 'kubevirt')}, or use --backend pod`,
  }
}

function kubeVirtProblems({ kubeVirt, kvmDevices }: HostFacts): readonly Problem[] {
  if (kubeVirt === undefined) return []
  const object = `KubeVirt "${kubeVirt.namespace}/${kubeVirt.name}"`
  const patch = (configuration: string): string =>
    kubectlCommand(
      ...['patch', 'kubevirt', '-n', kubeVirt.namespace, kubeVirt.name],
      ...['--type', 'merge', '-p', `{"spec":{"configuration":${configuration}}}`],
    )
  const problems: Problem[] = []
  if (kubeVirt.phase !== 'Deployed') {
    problems.push({
      reason: 'KubeVirtNotReady',
      severity: 'error',
      message: `${object} of the host is not ready: its phase is ${kubeVirt.phase}`,
      hint: `see: ${kubectlCommand('describe', 'kubevirt', '-n', kubeVirt.namespace, kubeVirt.name)}`,
    })
  }
  if (!kubeVirt.bridgePermitted) {
    problems.push({
      reason: 'BridgeForbidden',
      severity: 'error',
      message: `${object} forbids bridged VMs on the pod network, and nested nodes need their pod's own address`,
      hint: `permit them: ${patch('{"network":{"permitBridgeInterfaceOnPodNetwork":true}}')}`,
    })
  }
  if (kubeVirt.emulation) {
    problems.push({
      reason: 'VmsEmulated',
      severity: 'warning',
      message: `${object} emulates VMs in software: a node takes minutes to start`,
      hint: 'give more time with --timeout 60m, few CPU cores to each node, or use hosts with KVM',
    })
  } else if (kvmDevices === 0) {
    problems.push({
      reason: 'NoKvm',
      severity: 'error',
      message: 'no node of the host has KVM (devices.kubevirt.io/kvm), and emulation is not switched on',
      hint: `use hosts with hardware virtualization, or for tests: ${patch('{"developerConfiguration":{"useEmulation":true}}')}`,
    })
  }
  return problems
}

/** Without CDI, knest fills claims itself, with a program of the node image. */
async function copyProblems(
  api: KubeApi,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (!spec.persistence.enabled || (await hasDataVolumes(api, signal))) return []
  return (await imageProblems(api, spec.image, '--image', signal)).map((problem) => ({
    ...problem,
    message: `${problem.message}, which fills the disks of persistent VMs where the host has no CDI`,
  }))
}

/** One VM of each kind the cluster will have, with the user's patches. */
function samples(
  spec: ClusterSpec,
  options: VmNodeOptions,
  namespace: string,
): { readonly machines: readonly KubeObject[]; readonly problems: readonly Problem[] } {
  const groups: readonly (readonly [NodeRole, string, NodeGroup])[] = [
    ['control-plane', 'cp', spec.controlPlane],
    ...spec.workers.map((pool) => ['worker', pool.name, pool] as const),
  ]
  const machines: KubeObject[] = []
  const problems: Problem[] = []
  for (const [role, pool, group] of groups.filter(([, , { backend }]) => backend === 'vm')) {
    try {
      machines.push(virtualMachine(sampleNode(spec, role, pool, group, namespace), 'image', options))
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      const { message, hint = 'change the patch' } = error
      // One patch may be for all groups.
      if (problems.every((known) => known.message !== message))
        problems.push({ severity: 'error', message, hint })
    }
  }
  return { machines, problems }
}

/** Policies of the cluster's namespace show there, when it is there. */
async function placeOf(api: KubeApi, { namespace }: ClusterRef, signal: AbortSignal): Promise<string> {
  const kind = { apiVersion: 'v1', kind: 'Namespace' }
  const isThere = await api.get(kind, namespace, undefined, signal).then(
    (found) => found !== undefined,
    (error: unknown) => {
      if (error instanceof KnestError && error.code === 'not-permitted') return true
      throw error
    },
  )
  return isThere ? namespace : 'default'
}

function sampleNode(
  spec: ClusterSpec,
  role: NodeRole,
  pool: string,
  { machine, hostPod }: NodeGroup,
  namespace: string,
): NodeSpec {
  return {
    cluster: { name: 'preflight', namespace },
    clusterUid: '00000000-0000-0000-0000-000000000000',
    name: nodeName('knest-preflight', pool, 0),
    role,
    pool,
    image: spec.image,
    vmImage: spec.vmImage,
    machine,
    identity: undefined,
    reservation: undefined,
    persistent: false,
    storageClass: undefined,
    hostPatches: spec.hostPatches,
    hostPod,
    hosts: [],
  }
}

/** KubeVirt's webhooks and the host's policies show themselves in a dry run. */
async function admission(
  api: KubeApi,
  machines: readonly KubeObject[],
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const found = await Promise.all(
    machines.map(async (machine): Promise<readonly Problem[]> => {
      try {
        await api.create(machine, { signal, dryRun: true })
        return []
      } catch (error) {
        if (!(error instanceof KnestError) || error.code === 'host-unreachable') throw error
        if (error.code === 'already-exists') return []
        if (error.code === 'not-found') return [noKubeVirt(api)]
        const message = `the host does not admit the VM of a ${machine.metadata.labels?.['knest.dev/role'] ?? ''} node: ${error.message}`
        return [{ severity: 'error', message, hint: error.hint ?? 'change the settings or patches it names' }]
      }
    }),
  )
  return found.flat().slice(0, 1)
}
