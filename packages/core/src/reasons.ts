export type Area = 'host' | 'nested' | 'vm'

/** `note`: it is as somebody wanted it. */
export type Severity = 'error' | 'warning' | 'note'

/**
 * Every kind of problem that has a name, where it lies, how bad it is, and what is behind it. `knest doctor` shows
 * all of that, and docs/doctor.md lists them. The names are a promise to scripts.
 */
export const reasons = {
  HostApiSlow: ['host', 'warning', 'the API server of the host or the way to it is overloaded'],
  HostNodeNotReady: ['host', 'error', 'the kubelet of that host node does not report, or reports a fault'],
  HostDiskPressure: [
    'host',
    'error',
    'the disk of that host node is nearly full: it evicts pods and takes no new ones',
  ],
  HostMemoryPressure: [
    'host',
    'warning',
    'that host node is short of memory: it evicts pods and takes fewer new ones',
  ],
  HostPidPressure: ['host', 'warning', 'that host node is short of process numbers: what starts there fails'],
  HostDiskFull: [
    'host',
    'warning',
    'the disk of this machine, on which the embedded host is, is nearly full',
  ],
  ProcessLimit: [
    'host',
    'error',
    'processes and threads come to their limit: nothing more can be started, "resource temporarily unavailable"',
  ],
  InotifyLimit: [
    'host',
    'warning',
    'the kernel permits few inotify instances or watches, and all nodes of a host node share them',
  ],
  HostDnsDown: [
    'host',
    'error',
    'nobody answers DNS queries of pods on the host, and the DNS of nested clusters asks there',
  ],
  NoSchedulableNode: ['host', 'error', 'no host node takes new pods: all are cordoned, not Ready, or gone'],
  TaintNotTolerated: ['host', 'error', 'the host nodes have taints that the pods of nodes do not tolerate'],
  SelectorMatchesNone: ['host', 'error', 'a node selector or affinity of the node fits no host node'],
  NoRoom: ['host', 'error', 'what the node requests is free on no host node'],
  QuotaExceeded: ['host', 'error', 'a ResourceQuota of the namespace has no room for the node'],
  LimitRangeForbids: ['host', 'error', 'a LimitRange of the namespace permits no pod of that size'],
  PodSecurityForbids: ['host', 'error', 'the namespace does not admit privileged pods, and a node is one'],
  PolicyRefuses: ['host', 'error', 'an admission policy or webhook of the host refuses the object'],
  HostWebhookDown: ['host', 'error', 'an admission webhook of the host is to be asked and does not answer'],
  NotPermitted: ['host', 'error', 'the credentials of this kubeconfig lack a right on the host'],
  HostUnfit: ['host', 'error', 'the host refuses something that the cluster needs'],
  NodeImageMissing: ['host', 'error', 'the host node can neither find nor pull the image of the node'],
  StorageClassMissing: [
    'host',
    'error',
    'the StorageClass that the claim names, or a default one, is not there',
  ],
  ClaimPending: ['host', 'error', 'no volume has been made for the claim'],
  DiskGoing: [
    'host',
    'warning',
    'somebody deleted the claim of the node, and the host keeps it only as long as the node has it in use',
  ],
  ClaimLost: ['host', 'error', 'the volume behind the claim is gone, and what was on it'],
  NodeEvicted: ['host', 'error', 'the host node ended the pod of the node to get room'],
  NodeStopped: ['host', 'error', 'somebody scaled the node away'],
  NodePending: ['host', 'error', 'the host does not run the node'],
  NodeMissing: ['host', 'error', 'what the node was on the host is gone'],
  NodeOutOfMemory: ['host', 'warning', 'the node used more memory than its limit, and was started again'],
  ContainerBeside: ['host', 'warning', 'a container that somebody added to the pod of the node is not well'],
  NetworkPolicyBlocks: [
    'host',
    'error',
    'a NetworkPolicy selects the pods of the nodes and does not let them reach each other',
  ],
  WayInBlocked: [
    'host',
    'warning',
    'a firewall, security group or NetworkPolicy stands between this machine and the host nodes',
  ],
  MtuTooLarge: [
    'host',
    'error',
    'nested packets are larger than what the pod network of the host carries: large answers hang',
  ],
  ClockSkew: ['host', 'warning', 'clocks differ: certificates and leases count as not valid yet, or as over'],
  CrdMissing: [
    'host',
    'error',
    'the definition of NestedCluster was removed from the host, and the records of clusters with it',
  ],
  CrdOutdated: [
    'host',
    'warning',
    'the definition of NestedCluster is of an older knest, and drops fields of this one',
  ],
  CrdForeign: ['host', 'error', 'a definition of the same name is on the host, and knest did not make it'],
  ControllerDown: [
    'host',
    'error',
    'the controller does not run: nothing heals, and clusters with an end do not end',
  ],
  ControllerVersion: ['host', 'warning', 'the controller is of another version than this command'],
  LockLeft: ['host', 'warning', 'who held the lock ended without giving it back'],

  ClusterPaused: ['nested', 'note', 'its nodes were taken off the host, and their disks kept'],
  ClusterKept: ['nested', 'note', 'it was deleted with its data kept'],
  NotCompleted: ['nested', 'warning', 'a command works on it, or ended before it was done'],
  NotAccepted: [
    'nested',
    'warning',
    'what its NestedCluster asks for is refused, or the controller may not do it',
  ],
  NodesLeft: ['nested', 'warning', 'a pause or a delete was broken off before it took the nodes away'],
  AuthoritiesLost: [
    'nested',
    'error',
    'the Secret with the certificate authorities is gone, or that of another cluster',
  ],
  DataLost: ['nested', 'error', 'the disks of all control planes are gone'],
  EtcdMajorityLost: ['nested', 'error', 'more members of etcd lost their disks than etcd can bear'],
  EtcdNoQuorum: ['nested', 'error', 'fewer members of etcd answer than a majority'],
  EtcdNoSpace: ['nested', 'error', 'etcd has reached its size limit, and set an alarm'],
  EtcdMemberSilent: ['nested', 'warning', 'etcd on that control plane does not run or is not reached'],
  EtcdMemberRemoved: ['nested', 'warning', 'the removal of a control plane was broken off'],
  EtcdMemberLearns: ['nested', 'warning', 'the join of a control plane was broken off'],
  ApiSilent: [
    'nested',
    'error',
    'no API server of the cluster answers: it, its etcd, or its node does not run',
  ],
  ApiSlow: ['nested', 'warning', 'API server or etcd of the cluster have too little CPU or too slow a disk'],
  StaticPodCrashes: [
    'nested',
    'error',
    'that part of the control plane ends as soon as it starts, as with a flag that it does not know',
  ],
  DiskLost: ['nested', 'error', 'the pod or VM was replaced, and its disk was not persistent'],
  DiskFull: ['nested', 'error', 'images, logs or data fill the disk of the node'],
  NodeNotRegistered: [
    'nested',
    'error',
    'somebody deleted its Node object, and kubelet makes one only when it starts',
  ],
  NodeNotReady: ['nested', 'error', 'kubelet reports a fault, or does not report'],
  KubeletDown: ['nested', 'error', 'kubelet does not run on that node, or hangs'],
  ContainerdDown: [
    'nested',
    'error',
    'containerd does not run on that node, or hangs: no container starts or ends',
  ],
  NetworkPluginMissing: ['nested', 'error', 'no CNI plugin has set up the network of that node'],
  DiskPressure: ['nested', 'error', 'the disk that kubelet watches is nearly full'],
  MemoryPressure: ['nested', 'warning', 'the node is short of memory'],
  PidPressure: ['nested', 'warning', 'the node is short of process numbers'],
  DnsDown: [
    'nested',
    'error',
    'no pod of CoreDNS is ready, or it was deleted and its ConfigMap was not: names of Services are not found',
  ],
  ProxyDown: [
    'nested',
    'error',
    'kube-proxy does not run on all nodes, or was deleted and its ConfigMap was not: Services are not reached there',
  ],
  NetworkDown: [
    'nested',
    'error',
    'the network plugin does not run on all nodes: pods there have no network',
  ],
  StorageDown: [
    'nested',
    'error',
    'the provisioner of the default StorageClass does not run: claims stay Pending',
  ],
  WebhookDown: [
    'nested',
    'error',
    'an admission webhook is to be asked, and its Service has no pod that is ready',
  ],
  ImagePull: ['nested', 'error', 'the image is not in the node and cannot be pulled'],
  OutOfMemory: [
    'nested',
    'error',
    'the kernel killed the container, since it or its node had no memory left',
  ],
  ContainerCrashes: ['nested', 'error', 'the container ends again and again for reasons of its own'],
  LoadedImageMissing: [
    'nested',
    'warning',
    'nodes were replaced, or their images were removed, since it was loaded',
  ],
  CertificatesExpired: ['nested', 'error', 'nothing renewed them in time: who they belong to is refused'],
  CertificatesEndSoon: ['nested', 'warning', 'nothing has renewed them yet'],
  RenewalBrokenOff: ['nested', 'warning', 'a renewal ended before it was done'],
  KubeconfigStale: [
    'nested',
    'warning',
    'the kubeconfig file on this machine is older than the cluster, its address or its certificates',
  ],

  KubeVirtMissing: ['vm', 'error', 'VM nodes need KubeVirt on the host'],
  KubeVirtNotReady: ['vm', 'error', 'the operator of KubeVirt has not come to its end'],
  BridgeForbidden: ['vm', 'error', 'KubeVirt is configured to refuse bridged VMs on the pod network'],
  NoKvm: ['vm', 'error', 'no host node offers hardware virtualization (/dev/kvm)'],
  VmsEmulated: ['vm', 'note', 'KubeVirt is configured to emulate VMs in software'],
  VmUnschedulable: ['vm', 'error', 'no host node takes the launcher pod of the VM'],
  VmStarting: ['vm', 'error', 'the launcher pod of the VM does not come to run it'],
  VmWithoutAddress: ['vm', 'error', 'the VM has no address on the pod network'],
  VmSilent: [
    'vm',
    'error',
    'the VM runs, and its SSH server does not answer: its system does not start or has no network',
  ],
  VmStopped: ['vm', 'error', 'the VM was stopped, as by `virtctl stop`'],
  VmImageMissing: ['vm', 'error', 'the host can neither find nor pull the image of the VM'],
  VmSecretMissing: ['vm', 'error', 'the cloud-init Secret was deleted without which the VM does not start'],
  VmDiskMissing: ['vm', 'error', 'the claim or DataVolume of the VM is gone or cannot be filled'],
} as const satisfies Readonly<Record<string, readonly [area: Area, severity: Severity, cause: string]>>

export type Reason = keyof typeof reasons
