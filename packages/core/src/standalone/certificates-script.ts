import { adminUserName, contextName } from '../names.js'
import { fillFunction } from './control-plane-script.js'
import { standalonePaths } from './names.js'

const { settings, secrets } = standalonePaths

/** As long as the authorities': nobody is there who would renew them. */
export const certificateValidity = '87600h'

/** Keys of the Secret as knest itself has them, and kubeadm's file of each. */
export const authorityFileOf: Readonly<Record<string, string>> = {
  'ca.crt': 'ca.crt',
  'ca.key': 'ca.key',
  'front-proxy-ca.crt': 'front-proxy-ca.crt',
  'front-proxy-ca.key': 'front-proxy-ca.key',
  'etcd-ca.crt': 'etcd/ca.crt',
  'etcd-ca.key': 'etcd/ca.key',
  'sa.pub': 'sa.pub',
  'sa.key': 'sa.key',
}

const authorityArguments = Object.entries(authorityFileOf).map(([key, file]) => `${key}=$pki/${file}`)

export interface CertificatesInput {
  readonly cluster: string
  readonly pkiSecret: string
  readonly kubeconfigSecret: string
}

/**
 * Runs once in the host, in a Job: makes the authorities with kubeadm, then what is signed by them, and puts
 * all of it into the Secrets of the manifests. What a Secret has already stays. Workers are its arguments.
 */
export function certificatesScript({ cluster, pkiSecret, kubeconfigSecret }: CertificatesInput): string {
  const context = contextName(cluster)
  const user = adminUserName(cluster)
  return `set -euo pipefail
export HOME=/tmp
umask 077
# No node's: what is signed here names none. kubeadm takes no loopback address.
export KNEST_NODE_NAME=none KNEST_IDENTITY=192.0.2.1 KNEST_API_ADDRESS=192.0.2.1
pki=/etc/kubernetes/pki config=/tmp/init.yaml
${fillFunction}
fill <${settings}/init.yaml >$config

# put SECRET KEY=FILE...: only into a Secret that has nothing yet.
put() {
  local secret=$1 data='' pair
  shift
  for pair; do
    data+="\${data:+,}\\"\${pair%%=*}\\":\\"$(base64 -w0 "\${pair#*=}")\\""
  done
  printf '[{"op":"test","path":"/data","value":null},{"op":"add","path":"/data","value":{%s}}]' "$data" >/tmp/patch
  kubectl patch secret "$secret" --type json --patch-file /tmp/patch --field-manager knest
}

is_filled() { [ -n "$(kubectl get secret "$1" -o 'jsonpath={.data}')" ]; }

user() { kubeadm kubeconfig user --config $config --validity-period ${certificateValidity} "$@"; }

if is_filled ${pkiSecret}; then
  (cd ${secrets} && cp -fL --parents -- *.crt *.key sa.pub etcd/ca.* $pki/)
else
  for one in ca front-proxy-ca etcd-ca sa; do
    kubeadm init phase certs $one --config $config
  done
  put ${pkiSecret} ${authorityArguments.join(' ')}
fi

if ! is_filled ${kubeconfigSecret}; then
  user --client-name ${user} --org kubeadm:cluster-admins >/tmp/admin.conf
  change() { kubectl --kubeconfig /tmp/admin.conf config "$@"; }
  change rename-context ${user}@${cluster} ${context}
  # For who forwards a port: the API's certificate names this address as well.
  change set-cluster ${context}-forwarded --server https://127.0.0.1:6443 \\
    --certificate-authority $pki/ca.crt --embed-certs
  change set-context ${context}-forwarded --cluster ${context}-forwarded --user ${user}
  put ${kubeconfigSecret} value=/tmp/admin.conf
fi

for node; do
  is_filled "$node" && continue
  user --client-name "system:node:$node" --org system:nodes >/tmp/kubelet.conf
  put "$node" ca.crt=$pki/ca.crt kubelet.conf=/tmp/kubelet.conf
done
`
}
