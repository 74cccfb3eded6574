import { yamlText } from '../yaml-text.js'
import type { ClusterSpec } from '../contracts/cluster.js'
import type { NodeFile } from '../kubeadm/bundle.js'
import { kubeletClient, unfinishedMarker } from '../certificates/known.js'
import { lastingFile, removeLasting, syncLaidOut } from '../node/lasting.js'
import { restartKubelet } from '../node/kubelet.js'

const kubeadmPath = '/run/knest/certs-renew.yaml'
const kubeletPki = '/var/lib/kubelet/pki'
const newKubeletCertificate = `${kubeletPki}/kubelet-client-knest.new`

export interface NodeRenewalInput {
  readonly spec: ClusterSpec
  readonly controlPlane: boolean
  /** Certificate and key in PEM; undefined: kubelet's stays. */
  readonly kubeletClient: string | undefined
}

/**
 * kubeadm copies names and usages from the old certificates and takes only key type and validity from
 * its configuration. With a small one of our own it neither asks the API server nor the internet.
 */
export function renewalFiles(input: NodeRenewalInput): readonly NodeFile[] {
  const config = yamlText({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    kubernetesVersion: `v${input.spec.kubernetesVersion}`,
    encryptionAlgorithm: 'ECDSA-P256',
  })
  return [
    ...(input.controlPlane ? [{ path: kubeadmPath, content: config, mode: 0o600 }] : []),
    ...(input.kubeletClient === undefined
      ? []
      : [{ path: newKubeletCertificate, content: input.kubeletClient, mode: 0o600 }]),
  ]
}

/** Puts new certificates in place. What runs goes on with the old ones until it is restarted. */
export function renewalScript({ controlPlane, kubeletClient: minted }: NodeRenewalInput): string {
  const kubeadm = `kubeadm certs renew all --config ${kubeadmPath} 2>&1
rm -f ${kubeadmPath}
`
  // Each step is a rename: kubelet never finds half a file.
  const kubelet = `mv ${newKubeletCertificate} ${kubeletPki}/kubelet-client-knest.pem
ln -sf ${kubeletPki}/kubelet-client-knest.pem ${kubeletPki}/kubelet-client-current.new
mv -T ${kubeletPki}/kubelet-client-current.new ${kubeletClient.path}
${restartKubelet}
`
  return `mkdir -p /var/lib/knest
${lastingFile(unfinishedMarker)}tar --no-same-owner -xf - -C /
${controlPlane ? kubeadm : ''}${minted === undefined ? '' : kubelet}${
    // A control plane is done when its static pods have been restarted.
    controlPlane ? '' : `${syncLaidOut}${removeLasting(unfinishedMarker)}`
  }`
}

/**
 * Restarts what read its certificates at start. etcd is left alone: it reads its files at every
 * handshake. kubelet starts a container that has ended at once; after several ends it waits for up to
 * minutes, which it forgets when it is restarted itself.
 */
export function restartScript(node: string): string {
  return `running() {
  local label='labels."io.kubernetes' pod="$1-${node}"
  comm -12 \\
    <(ctr -n k8s.io containers ls -q "$label.container.name\\"==$1,$label.pod.name\\"==$pod,$label.pod.namespace\\"==kube-system" | sort) \\
    <(ctr -n k8s.io tasks ls | awk '$3 == "RUNNING" {print $1}' | sort)
}
fail() { echo "$1" >&2; exit 1; }
declare -A old
deadline=$((SECONDS + 280))
end() {
  local id try closed
  for id in \${old[$1]}; do
    ctr -n k8s.io tasks kill -s SIGTERM "$id" 2>/dev/null || continue
    closed=0
    for try in {1..75}; do
      [[ $(running "$1") == *"$id"* ]] || continue 2
      sleep 0.2
      # An API server serves until its clients are sent to others, then closes its port and waits for open requests.
      if [ "$1" = kube-apiserver ] && (exec 3<>/dev/tcp/127.0.0.1/6443) 2>/dev/null; then continue; fi
      ((++closed < 15)) || break
    done
    ctr -n k8s.io tasks kill -s SIGKILL "$id" 2>/dev/null || true
  done
}
await_start() {
  local begun=$SECONDS helped= now
  until now=$(running "$1"); [ -n "$now" ] && [ "$now" != "\${old[$1]}" ]; do
    ((SECONDS < deadline)) || fail "$1 did not start again"
    if ((SECONDS - begun > 15)) && [ -z "$helped" ]; then
      ${restartKubelet}
      helped=yes
    fi
    sleep 0.2
  done
}
await_health() {
  local said
  until said=$(kubectl --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=5s "\${@:2}" 2>&1); do
    ((SECONDS < deadline)) || fail "$1 is not healthy: $said"
    sleep 0.3
  done
}
for program in kube-apiserver kube-controller-manager kube-scheduler; do
  old[$program]=$(running $program)
done
end kube-apiserver
await_start kube-apiserver
await_health kube-apiserver --server=https://127.0.0.1:6443 get --raw=/readyz
for program in kube-controller-manager kube-scheduler; do end $program; done
for program in kube-controller-manager kube-scheduler; do await_start $program; done
# They serve health with certificates that they signed themselves.
await_health kube-controller-manager --server=https://127.0.0.1:10257 --insecure-skip-tls-verify get --raw=/healthz
await_health kube-scheduler --server=https://127.0.0.1:10259 --insecure-skip-tls-verify get --raw=/healthz
${syncLaidOut}${removeLasting(unfinishedMarker)}`
}
