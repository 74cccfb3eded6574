import type { ClusterNetwork } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { KnestError } from '../errors.js'
import { primaryRange } from '../network/cidr.js'
import { findObject, podSpecOf, setEnv, type Container } from './container-parts.js'

const calicoVersion = 'v3.32.1'
/** The project's own manifest; fetched only when the user asks for Calico without a file. */
export const calicoManifestUrl = `https://raw.githubusercontent.com/projectcalico/calico/${calicoVersion}/manifests/calico.yaml`

/**
 * Turns Calico's own manifest into one that works between nodes of a host cluster: VXLAN always (the
 * host drops what is not encapsulated), on the cluster's port, without BGP and without IPIP.
 */
export function patchCalico(objects: readonly KubeObject[], network: ClusterNetwork): KubeObject[] {
  const patched = structuredClone(objects) as KubeObject[]
  const daemonSet = findObject(patched, 'DaemonSet', 'calico-node')
  const config = findObject(patched, 'ConfigMap', 'calico-config')
  if (daemonSet === undefined || config === undefined) {
    throw new KnestError(
      'config',
      'the Calico manifest has no DaemonSet "calico-node" or no ConfigMap "calico-config"',
      {
        hint: 'use calico.yaml of a Calico release; the operator and its custom resources are not supported yet',
      },
    )
  }
  const data = config.data as Record<string, string>
  data.calico_backend = 'vxlan'
  // "0" lets Calico take the node's MTU less 50.
  data.veth_mtu = String(network.mtu)

  const node = podSpecOf(daemonSet).containers.find((container) => container.name === 'calico-node')
  if (node === undefined) throw new KnestError('config', 'the Calico manifest has no container "calico-node"')
  const settings = {
    CALICO_IPV4POOL_CIDR: primaryRange(network.podNetworkCidr),
    CALICO_IPV4POOL_VXLAN: 'Always',
    CALICO_IPV4POOL_IPIP: 'Never',
    FELIX_VXLANPORT: String(network.vxlanPort),
    CLUSTER_TYPE: 'k8s',
    // Not the first address found: a control plane carries a second one on lo.
    IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
  }
  for (const [name, value] of Object.entries(settings)) setEnv(node, name, value)
  dropBirdProbes(node)
  return patched
}

/** BIRD speaks BGP and does not run with the VXLAN backend. */
function dropBirdProbes(container: Container): void {
  for (const probe of [container.readinessProbe, container.livenessProbe]) {
    if (probe?.exec === undefined) continue
    probe.exec.command = probe.exec.command.filter((argument) => !/^-bird-(live|ready)$/.test(argument))
  }
}
