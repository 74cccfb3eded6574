import { parseVersion } from '../values/index.js'

/** Names the node image carries, see `images/`. */
export const flannelImage = 'localhost/knest/flannel:v0.26.7'
export const localPathImage = 'localhost/knest/local-path-provisioner:v0.0.30'
export const busyboxImage = 'localhost/knest/busybox:1'

/** The tag each Kubernetes' kubeadm asks for: the node image has CoreDNS under that name. */
const coreDnsTags: Readonly<Record<string, string>> = {
  '1.34': 'v1.12.1',
  '1.35': 'v1.13.1',
  '1.36': 'v1.14.2',
  '1.37': 'v1.14.6',
}

export function coreDnsImage(kubernetesVersion: string): string {
  const version = parseVersion(kubernetesVersion)
  const minor = version === undefined ? '' : `${version.major}.${version.minor}`
  return `registry.k8s.io/coredns/coredns:${coreDnsTags[minor] ?? 'v1.13.1'}`
}
