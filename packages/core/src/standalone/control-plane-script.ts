import { joinScript } from '../kubeadm/join-script.js'
import { criSocket } from '../kubeadm/config.js'
import { bootstrappedMarker, initialMemberMarker } from '../node/disk.js'
import { placeholders, standalonePaths, statePort } from './names.js'

const { settings, secrets } = standalonePaths
const config = '/etc/kubernetes/knest-kubeadm.yaml'
const joinConfig = '/etc/kubernetes/knest-join.yaml'
/** Of the API, with the rights of an administrator. */
export const discoveryPath = '/etc/kubernetes/knest-discovery.conf'
const stateDirectory = '/run/knest/state'

/** Bash: a configuration from stdin with what this node knows. */
export const fillFunction = `fill() {
  sed -e "s/${placeholders.node}/$KNEST_NODE_NAME/g" -e "s/${placeholders.identity}/$KNEST_IDENTITY/g" \\
    -e "s/${placeholders.apiAddress}/$KNEST_API_ADDRESS/g"
}
`

const library = `say() { echo "knest: $*" >&2; }
${fillFunction}
# The identity of a control plane: the ClusterIP of the Service of that name.
address_of() {
  local variable=\${1//-/_}
  variable=\${variable^^}_SERVICE_HOST
  if [ -z "\${!variable-}" ]; then
    say "Service $1 had no address when this container started: it is started again"
    kill -TERM 1
    exit 1
  fi
  echo "\${!variable}"
}

# bootstrapped, founder or empty; unknown when it does not answer.
state_of() { busybox wget -qO- -T 3 "http://$(address_of "$1"):${statePort}/state" 2>/dev/null || echo unknown; }

now_is() { echo "$1" >${stateDirectory}/state; }
`

/**
 * An empty disk tells nothing: the cluster may be on the others'. So the first control plane begins one only
 * when every other one says that it has none, and a node joins as soon as one says that it has it.
 */
const decide = `begins_the_cluster() {
  local name state silent awaited told=''
  while :; do
    silent=''
    for name in "\${others[@]}"; do
      state=$(state_of "$name")
      [ "$state" = bootstrapped ] && return 1
      [ "$state" = unknown ] && silent+=" $name"
    done
    awaited="\${control_planes[0]} to begin the cluster"
    if [ "$KNEST_NODE_NAME" = "\${control_planes[0]}" ]; then
      [ -z "$silent" ] && return 0
      awaited="$silent to say whether there is a cluster"
    fi
    [ "$awaited" = "$told" ] || say "waits for $awaited"
    told=$awaited
    sleep 1
  done
}
`

const found = `found() {
  now_is founder
  touch ${initialMemberMarker}
  kubeadm init --config ${config} --skip-phases=preflight,addon/coredns,show-join-command
  for _ in {1..30}; do
    kubectl --kubeconfig /etc/kubernetes/admin.conf apply --server-side --force-conflicts \\
      --field-manager knest -f ${settings}/addons.yaml && return 0
    sleep 2
  done
  return 1
}
`

const join = `# One after another: those before this one that are empty as well come first.
await_turn() {
  local name
  for name in "\${control_planes[@]}"; do
    [ "$name" = "$KNEST_NODE_NAME" ] && return 0
    while [[ $(state_of "$name") == @(empty|founder) ]]; do sleep 1; done
  done
}

# etcd would wait for ever for what was on an earlier disk of this node.
forget_earlier_member() {
  local name endpoints='' member
  for name in "\${others[@]}"; do
    [ "$(state_of "$name")" = bootstrapped ] && endpoints+=\${endpoints:+,}https://$(address_of "$name"):2379
  done
  kubeadm init phase certs etcd-healthcheck-client --config ${config} >/dev/null
  local pki=/etc/kubernetes/pki/etcd
  etcd() {
    etcdctl --endpoints "$endpoints" --cacert $pki/ca.crt \\
      --cert $pki/healthcheck-client.crt --key $pki/healthcheck-client.key "$@"
  }
  member=$(etcd member list | awk -F', ' -v name="$KNEST_NODE_NAME" -v url="https://$KNEST_IDENTITY:2380" \\
    '$3 == name || $4 == url { print $1 }')
  [ -z "$member" ] && return 0
  say "takes the member $member of an earlier disk out of etcd"
  etcd member remove "$member"
  kubectl --kubeconfig ${discoveryPath} delete node "$KNEST_NODE_NAME" --ignore-not-found
}

join() {
  await_turn
  if [ -e /etc/kubernetes/manifests/etcd.yaml ] || [ -e /var/lib/etcd/member ]; then
    kubeadm reset --force --cri-socket=${criSocket} --skip-phases=preflight,remove-etcd-member
    lay_out
  fi
  fill <${settings}/join.yaml >${joinConfig}
  (umask 077 && kubeadm kubeconfig user --config ${config} --client-name knest-standalone \\
    --org system:masters --validity-period 24h >${discoveryPath})
  until kubectl --kubeconfig ${discoveryPath} get --raw /readyz >/dev/null 2>&1; do sleep 1; done
  forget_earlier_member
  (
    ${joinScript(joinConfig).trim().replaceAll('\n', '\n    ')}
  )
  rm -f ${discoveryPath}
}
`

/**
 * Makes a control plane: the first begins the cluster, the others join it. Repeatable; does nothing on a disk
 * that has been set up. Stays in one lock with whatever else sets up a node.
 */
export const controlPlaneScript = `set -euo pipefail
exec 9>/run/knest-bootstrap.lock
flock 9
${library}
mapfile -t control_planes <${settings}/control-planes
others=()
for name in "\${control_planes[@]}"; do
  [ "$name" = "$KNEST_NODE_NAME" ] || others+=("$name")
done
state=empty
[ -e ${initialMemberMarker} ] && state=founder
[ -e ${bootstrappedMarker} ] && state=bootstrapped
mkdir -p ${stateDirectory}
now_is "$state"
busybox httpd -p ${statePort} -h ${stateDirectory} 9>&- 2>/dev/null || true
[ "$state" = bootstrapped ] && exit 0

lay_out() {
  local pki=/etc/kubernetes/pki
  mkdir -p $pki
  (cd ${secrets} && cp -fL --parents -- *.crt *.key sa.pub etcd/ca.* $pki/)
  chmod 644 $pki/*.crt $pki/etcd/ca.crt $pki/sa.pub
  fill <${settings}/init.yaml >${config}
}
${decide}
${found}
${join}
lay_out
if [ -e ${initialMemberMarker} ] || begins_the_cluster; then found; else join; fi
touch ${bootstrappedMarker}
now_is bootstrapped
rm -f ${initialMemberMarker}
`
