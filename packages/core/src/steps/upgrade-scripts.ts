import { coreDnsImage } from '../addons/images.js'
import { configPath, kubeadmInit, secondHalf } from './control-plane.js'
import { restartKubelet } from '../node/kubelet.js'

const kubeconfig = '/etc/kubernetes/kubelet.conf'
/** Where it is while kubelet may not start. */
export const heldKubeconfig = `${kubeconfig}.upgrading`

/**
 * Keeps kubelet from starting with the next start of the node: a newer one may refuse the flags and files of an
 * older one. The kubelet that runs now is not disturbed.
 */
export const holdScript = `[ ! -e ${kubeconfig} ] || mv ${kubeconfig} ${heldKubeconfig}
`

/** Lets kubelet start again as it was. */
export const letGoScript = `[ ! -e ${heldKubeconfig} ] || mv ${heldKubeconfig} ${kubeconfig}
systemctl start kubelet
`

/** kubeadm of the new image writes the static pods and what kubelet starts with, and starts it. */
export const controlPlaneScript = `tar --no-same-owner -xf - -C /
[ ! -e ${heldKubeconfig} ] || mv ${heldKubeconfig} ${kubeconfig}
${kubeadmInit([...secondHalf, 'certs', 'kubeconfig'])} 2>&1
`

/** A worker has no more of kubeadm than these files. */
export const workerScript = `tar --no-same-owner -xf - -C /
[ ! -e ${heldKubeconfig} ] || mv ${heldKubeconfig} ${kubeconfig}
${restartKubelet}
`

/** Resolves on the node when its own API server is ready and of this version. */
export function awaitVersionScript(version: string, seconds: number): string {
  const ask =
    'kubectl --kubeconfig=/etc/kubernetes/admin.conf --server=https://127.0.0.1:6443 --request-timeout=5s'
  return `deadline=$((SECONDS + ${seconds}))
until said=$(${ask} get --raw=/readyz 2>&1) && said=$(${ask} get --raw=/version 2>&1) &&
  [[ $said == *'"v${version}"'* ]]; do
  ((SECONDS < deadline)) || { echo "the API server is not ready with ${version}: $said" >&2; exit 1; }
  sleep 0.5
done
`
}

/**
 * A node that is made during an upgrade has images of the new version only, and kube-proxy and DNS still ask
 * for those of the old one: an old name runs the new program, as on nodes that have been upgraded.
 */
export function standInScript(version: string, old: string): string {
  const names = [
    [`registry.k8s.io/kube-proxy:v${version}`, `registry.k8s.io/kube-proxy:v${old}`],
    [coreDnsImage(version), coreDnsImage(old)],
  ] as const
  return names
    .filter(([present, wanted]) => present !== wanted)
    .map(([present, wanted]) => `ctr -n k8s.io images tag --force ${present} ${wanted} >/dev/null\n`)
    .join('')
}

/**
 * What kubeadm keeps in the cluster: its own configuration, that of kubelets to come, and what its certificates may do.
 * From 1.36 on the client certificate by which a new API server asks kubelets is in no group of administrators.
 */
export function configurationScript(version: string): string {
  return `tar --no-same-owner -xf - -C /
kubeadm init phase upload-config all --config ${configPath} 2>&1
kubeadm upgrade apply phase bootstrap-token v${version} 2>&1
`
}

/** What an upgrade of kube-proxy and DNS waits for; each only where the cluster has it. DNS is knest's own. */
export function addonsScript(seconds: number, { proxy, dns }: { proxy: boolean; dns: boolean }): string {
  const rollout = `kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system rollout status --timeout=${seconds}s`
  return `tar --no-same-owner -xf - -C /
${
  proxy
    ? `kubeadm init phase addon kube-proxy --config ${configPath} 2>&1
${rollout} daemonset/kube-proxy 2>&1
`
    : ''
}${
    dns
      ? `${rollout} deployment/coredns 2>&1
`
      : ''
  }`
}
