import type { NodeRole } from '../contracts/cluster.js'

export interface KnownCertificate {
  readonly name: string
  /** A certificate in PEM, or a kubeconfig that holds one. */
  readonly path: string
  readonly ca: 'ca' | 'etcd-ca' | 'front-proxy-ca'
}

const kubernetes = '/etc/kubernetes'

export const kubeletClient: KnownCertificate = {
  name: 'kubelet-client',
  path: '/var/lib/kubelet/pki/kubelet-client-current.pem',
  ca: 'ca',
}

/** What the API server shows to its clients. */
export const apiServer: KnownCertificate = {
  name: 'apiserver',
  path: `${kubernetes}/pki/apiserver.crt`,
  ca: 'ca',
}

/** What `kubeadm certs renew all` renews, by the names it uses. */
const controlPlane: readonly KnownCertificate[] = [
  apiServer,
  { name: 'apiserver-kubelet-client', path: `${kubernetes}/pki/apiserver-kubelet-client.crt`, ca: 'ca' },
  { name: 'apiserver-etcd-client', path: `${kubernetes}/pki/apiserver-etcd-client.crt`, ca: 'etcd-ca' },
  { name: 'front-proxy-client', path: `${kubernetes}/pki/front-proxy-client.crt`, ca: 'front-proxy-ca' },
  { name: 'etcd-server', path: `${kubernetes}/pki/etcd/server.crt`, ca: 'etcd-ca' },
  { name: 'etcd-peer', path: `${kubernetes}/pki/etcd/peer.crt`, ca: 'etcd-ca' },
  { name: 'etcd-healthcheck-client', path: `${kubernetes}/pki/etcd/healthcheck-client.crt`, ca: 'etcd-ca' },
  { name: 'admin.conf', path: `${kubernetes}/admin.conf`, ca: 'ca' },
  { name: 'super-admin.conf', path: `${kubernetes}/super-admin.conf`, ca: 'ca' },
  { name: 'controller-manager.conf', path: `${kubernetes}/controller-manager.conf`, ca: 'ca' },
  { name: 'scheduler.conf', path: `${kubernetes}/scheduler.conf`, ca: 'ca' },
]

export function knownCertificates(role: NodeRole): readonly KnownCertificate[] {
  return role === 'control-plane' ? [...controlPlane, kubeletClient] : [kubeletClient]
}

/** There while a renewal is under way on the node: if it was broken off, all of it is done again. */
export const unfinishedMarker = '/var/lib/knest/certificates-unfinished'
