import type { ClusterSpec } from '../contracts/cluster.js'
import type { KeptConfiguration, Settings } from './kept-configuration.js'
import { settingsIn } from './kept-configuration.js'
import { laidOver } from './settings.js'
import { nthAddress, primaryRange } from '../network/index.js'

/** The address of the cluster DNS Service: the tenth of the primary range, where kubeadm puts it too. */
export function dnsServiceAddress(serviceCidr: readonly string[]): string {
  return nthAddress(primaryRange(serviceCidr), 10)
}

/**
 * KubeletConfiguration of every node. What differs at each start (reserved capacity, resolv.conf,
 * limits of the runtime) is not here: the node's init writes it as a drop-in.
 */
function kubeletConfiguration(
  { network, kubernetes }: Pick<ClusterSpec, 'network' | 'kubernetes'>,
  cgroupDriver: 'cgroupfs' | 'systemd',
): Settings {
  const own = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver,
    clusterDNS: [dnsServiceAddress(network.serviceCidr)],
    clusterDomain: network.dnsDomain,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
    failSwapOn: false,
    // From 1.35 kubelet refuses cgroup v1 by default; many CI machines still have it.
    failCgroupV1: false,
    // kubelet sees the whole disk of the host: it must not evict or collect because others filled it. Init does (decision 0018).
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
    // A node that boots with its pods would otherwise start them one image at a time.
    serializeImagePulls: false,
    shutdownGracePeriod: '0s',
    shutdownGracePeriodCriticalPods: '0s',
  }
  return laidOver(own, kubernetes?.kubelet, kubernetes?.featureGates)
}

/** The same as the cluster keeps it, where it does. The driver is the node's own matter. */
export function keptKubeletConfiguration(
  kept: KeptConfiguration | undefined,
  spec: Pick<ClusterSpec, 'network' | 'kubernetes'>,
  cgroupDriver: 'cgroupfs' | 'systemd',
): Settings {
  return { ...(settingsIn(kept?.kubelet) ?? kubeletConfiguration(spec, cgroupDriver)), cgroupDriver }
}
