import { once } from '../one-of.js'
import { Option, type Command } from 'commander'

/** The flags of `create` and `preflight` as typed; undefined is "not given". */
export interface CreateFlags {
  readonly kubernetesVersion?: string
  readonly image?: string
  readonly vmImage?: string
  readonly backend?: 'pod' | 'vm'
  readonly controlPlaneBackend?: 'pod' | 'vm'
  readonly workerBackend?: 'pod' | 'vm'
  readonly controlPlaneMachineCount?: string
  readonly workerMachineCount?: string
  readonly controlPlaneMachineCpuCores?: string
  readonly workerMachineCpuCores?: string
  readonly controlPlaneMachineMemorySize?: string
  readonly workerMachineMemorySize?: string
  readonly controlPlaneMachineRootfsSize?: string
  readonly workerMachineRootfsSize?: string
  readonly controlPlaneMachineRootfsImage?: string
  readonly workerMachineRootfsImage?: string
  readonly persistentControlPlaneMachineRootfsImage?: string
  readonly persistentWorkerMachineRootfsImage?: string
  readonly controlPlaneMachineKernelImage?: string
  readonly workerMachineKernelImage?: string
  readonly podNetworkCidr?: string
  readonly serviceCidr?: string
  readonly cni?: string
  readonly controlPlaneEndpointServiceType?: 'NodePort' | 'LoadBalancer' | 'ClusterIP'
  readonly avoidCidr?: readonly string[]
  readonly persistent?: boolean
  readonly storageClass?: string
  readonly machineAddresses?: readonly string[]
  readonly persistentMachineAddresses?: readonly string[]
  readonly hostClusterCni?: 'calico' | 'kube-ovn'
  readonly persistentHostClusterCni?: 'calico' | 'kube-ovn'
  readonly featureGates?: readonly string[]
  readonly runtimeConfig?: readonly string[]
  readonly defaultStorage?: 'local-path' | 'none'
  readonly labels?: readonly string[]
  readonly ttl?: string
  readonly unhealthyAfter?: string
  readonly maxUnhealthy?: string
  readonly deletionPolicy?: 'Delete' | 'Retain'
  readonly registryMirror?: readonly string[]
  readonly from?: string
  readonly config?: string
  readonly clusterTemplate?: string
  readonly force?: boolean
}

const backends = ['pod', 'vm'] as const
const addressKeepers = ['calico', 'kube-ovn'] as const

/** Defaults stand in core, not here: a flag that is not given must not override a file. */
export function addCreateFlags(command: Command): Command {
  for (const role of ['control-plane', 'worker']) {
    command
      .option(`--${role}-machine-count <n>`, `number of ${role} nodes (default: 1)`)
      .option(`--${role}-machine-cpu-cores <n>`, `CPU cores of each ${role} node (default: 2)`)
      .option(`--${role}-machine-memory-size <size>`, `memory of each ${role} node (default: 4Gi)`)
      .option(
        `--${role}-machine-rootfs-size <size>`,
        `disk of each persistent or VM ${role} node (default: 4Gi)`,
      )
      .addOption(hidden(`--${role}-machine-rootfs-image <image>`))
      .addOption(hidden(`--${role}-machine-kernel-image <image>`))
      .addOption(hidden(`--persistent-${role}-machine-rootfs-image <image>`))
  }
  return command
    .option(
      '--kubernetes-version <version>',
      'Kubernetes of the nested cluster (default: as in `knest version`)',
    )
    .option('--image <image>', 'node image of pod nodes')
    .option('--vm-image <image>', 'KubeVirt containerDisk that VM nodes boot from')
    .addOption(choice('--backend <kind>', 'what a node is on the host (default: pod)', backends))
    .addOption(choice('--control-plane-backend <kind>', 'the same for control planes only', backends))
    .addOption(choice('--worker-backend <kind>', 'the same for workers only', backends))
    .option('--pod-network-cidr <cidr>', 'range of nested pods (default: 10.200.0.0/16)')
    .option('--service-cidr <cidr>', 'range of nested Services (default: 10.201.0.0/16)')
    .option('--cni <name|file|url>', 'flannel, calico, cilium, none, or a manifest (default: flannel)')
    .addOption(
      choice(
        '--control-plane-endpoint-service-type <type>',
        'how the API is published (default: by reachability)',
        ['NodePort', 'LoadBalancer', 'ClusterIP'],
      ),
    )
    .addOption(list('--avoid-cidr <cidr>', 'range the cluster must not use; repeatable'))
    .option('--persistent', 'node disks and addresses outlive pods and VMs')
    .option('--storage-class <name>', 'StorageClass of persistent node disks')
    .addOption(list('--machine-addresses <address>', 'address, CIDR or A-B for persistent nodes; repeatable'))
    .addOption(list('--persistent-machine-addresses <address>', '').hideHelp())
    .addOption(
      choice('--host-cluster-cni <name>', 'what keeps addresses of persistent nodes', addressKeepers),
    )
    .addOption(choice('--persistent-host-cluster-cni <name>', '', addressKeepers).hideHelp())
    .addOption(
      choice('--default-storage <name>', 'default StorageClass of the nested cluster (default: local-path)', [
        'local-path',
        'none',
      ]),
    )
    .addOption(list('-l, --labels <labels>', 'labels of the cluster, as in team=web,job=12; repeatable'))
    .addOption(list('--feature-gates <name=bool>', 'feature gates of every component, as in A=true,B=false'))
    .addOption(list('--runtime-config <api=bool>', 'what the API serves, as in api/all=true'))
    .option(
      '--ttl <duration>',
      'how long the cluster lives; then the controller deletes it (default: for ever)',
    )
    .option(
      '--unhealthy-after <duration>',
      'how long a node may be not Ready before it is replaced (default: 5m)',
    )
    .option(
      '--max-unhealthy <percent>',
      'share of unhealthy nodes above which none is replaced (default: 40%)',
    )
    .addOption(
      choice('--deletion-policy <policy>', 'what becomes of disks and keys (default: Delete)', [
        'Delete',
        'Retain',
      ]),
    )
    .addOption(registryMirrorOption())
    .option(
      '--from <file>',
      "NestedCluster YAML or kind's config file, - for stdin, or templates/NAME; flags override it",
      once('--from'),
    )
    .addOption(hidden('--config <file>').argParser(once('--config')))
    .addOption(hidden('--cluster-template <file>').argParser(once('--cluster-template')))
    .option(
      '--force',
      'allow an even number of control-plane nodes; make the cluster of a kind file without what it would lack',
    )
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices)
}

function hidden(flags: string): Option {
  return new Option(flags).hideHelp()
}

/** The same for the embedded host. */
export function registryMirrorOption(): Option {
  return list(
    '--registry-mirror <host=url>',
    'what nodes ask before a registry, as in docker.io=http://mirror:5000; repeatable',
  )
}

/** Repeatable, and commas separate too. */
function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (value: string, previous: readonly string[] | undefined) => [
      ...(previous ?? []),
      ...value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    ],
  )
}
