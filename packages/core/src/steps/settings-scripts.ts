import { beforeSettings, settingsMarker } from '../node/settings.js'
import { lastingFile, removeLasting, syncLaidOut } from '../node/lasting.js'
import { restartKubelet } from '../node/kubelet.js'

export const kubeletConfigPath = '/var/lib/kubelet/config.yaml'
const manifests = '/etc/kubernetes/manifests'

/** Names in the archive that the script unpacks, beside files by where they go to, below `files`. */
export const inBundle = {
  files: 'files',
  /** Paths of files that go, one a line. */
  gone: 'gone',
  /** kubeadm's configuration of a control plane. */
  config: 'kubeadm.yaml',
  /** What the cluster kept before, as JSON. */
  kept: 'kept.json',
} as const

/** Prints what a change that was interrupted has written down of the cluster, kubelet's configuration, and a certificate. */
export const readSettingsScript = `cat ${beforeSettings}/kept.json 2>/dev/null || true
echo '= kubelet'
cat ${kubeletConfigPath}
echo '= certificate'
cat /etc/kubernetes/pki/apiserver.crt 2>/dev/null || true
`

interface ChangeInput {
  readonly digest: string
  /** Static pods that are written anew, in the order in which they are; none on a worker. */
  readonly components: readonly Component[]
  /** How long each may take to be healthy. */
  readonly seconds: number
}

export type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'

const ask = 'kubectl --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=5s get'
// They serve health with certificates that they signed themselves, at a port that may be set.
const ownHealth = (component: Component, port: number): string =>
  `${ask} --raw=/healthz --insecure-skip-tls-verify --server="https://127.0.0.1:$(flag ${component} secure-port ${port})"`
const healthOf: Readonly<Record<Component, string>> = {
  etcd: 'ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key endpoint health',
  'kube-apiserver': `${ask} --raw=/readyz --server=https://127.0.0.1:6443`,
  'kube-controller-manager': ownHealth('kube-controller-manager', 10257),
  'kube-scheduler': ownHealth('kube-scheduler', 10259),
}

/**
 * Gives the node other settings, one component after another; when one does not come up with them, all that the node had
 * before is put back. Whoever waits for this may go: it comes to its end, and begins anew where the node was lost.
 * Prints \`done\`; or \`refused COMPONENT WORDS\`, and then \`broken COMPONENT\` where one is not well with the former
 * settings either.
 */
export function changeSettingsScript({ digest, components, seconds }: ChangeInput): string {
  return `dir=$(mktemp -d /run/knest/settings.XXXXXX)
trap 'rm -rf "$dir"' EXIT
tar --no-same-owner -xf - -C "$dir"
mkdir -p "$dir/files" "$dir/written"
components=(${components.join(' ')})
limit=${seconds}
before=${beforeSettings}
flag() { sed -n "s|.*--$2=||p" "${manifests}/$1.yaml" | tail -n 1 | grep . || echo "$3"; }
healthy() {
  case $1 in
${components.map((component) => `  ${component}) ${healthOf[component]} ;;`).join('\n')}
  kubelet) kubelet_health ;;
  esac >/dev/null 2>&1
}
${waiting}${placing}${kubelet}${runKubeadm(components)}
[ -d "$before" ] || { rm -rf "$before.new"; mkdir -p "$before.new"; mv "$before.new" "$before"; }
[ -s "$before/kept.json" ] || { cp "$dir/${inBundle.kept}" "$before/kept.json.new"; mv "$before/kept.json.new" "$before/kept.json"; }
while read -r path; do save "$path"; done < <(
  for component in "\${components[@]}"; do echo "${manifests}/$component.yaml"; done
  cd "$dir/files"; find . -type f | sed 's|^[.]||'
  cat "$dir/${inBundle.gone}"
)
find "$before" -exec sync {} +
${removeLasting(settingsMarker)}
touched=()
while read -r path; do
  cmp -s "$dir/files$path" "$path" && continue
  [ "$path" = ${kubeletConfigPath} ] || { touched+=("$path"); place "$dir/files$path" "$path"; }
done < <(cd "$dir/files"; find . -type f | sed 's|^[.]||')
change_all "$dir/written" || { take_back "$ill"; exit 0; }
if [ -e "$dir/files${kubeletConfigPath}" ]; then
  change_kubelet "$dir/files${kubeletConfigPath}" || { take_back kubelet; exit 0; }
fi
while read -r path; do rm -f "$path"; done <"$dir/${inBundle.gone}"
${syncLaidOut}mkdir -p /var/lib/knest
${lastingFile(settingsMarker, digest)}rm -rf "$before"
echo 'done'
`
}

/** Nothing is touched before kubeadm takes the settings. */
function runKubeadm(components: readonly Component[]): string {
  if (components.length === 0) return ''
  const phases = ["'control-plane all'", ...(components.includes('etcd') ? ["'etcd local'"] : [])]
  return `export KUBEADM_INIT_DRYRUN_DIR="$dir/written"
for phase in ${phases.join(' ')}; do
  kubeadm init phase $phase --config "$dir/${inBundle.config}" --dry-run >"$dir/log" 2>&1 && continue
  echo "refused kubeadm $(tail -n 1 "$dir/log")"
  [ ! -d "$before" ] || put_back
  exit 0
done
`
}

/**
 * A container that ends and ends again is seen by its logs, each a file: two of them without a process are enough. One of
 * a former pod has the same name again.
 */
const waiting = `logs() { stat -c '%n %i' /var/log/pods/kube-system_"$1"-*/"$1"/*.log 2>/dev/null || true; }
process() { pgrep -nf "^$1( |\\$)" || true; }
# One that finds its fault later, as one that may not elect a leader so, answers until then.
settled() { local age; age=$(ps -o etimes= -p "$1" 2>/dev/null) && ((age >= 5)); }
words() { # of a component: the last line of its newest log that has one
  local log
  if [ "$1" = kubelet ]; then
    tail -n 1 /var/log/knest/kubelet.log 2>/dev/null || journalctl --no-pager -o cat -u kubelet -n 1 2>/dev/null || true
    return 0
  fi
  [ "\${starts:-1}" != 0 ] || { echo 'no container of it was started'; return 0; }
  while read -r log; do [ ! -s "$log" ] || { tail -n 1 "$log"; return 0; }; done < <(ls -t /var/log/pods/kube-system_"$1"-*/"$1"/*.log 2>/dev/null)
}
declare -A olds=() logs_before=()
await() { # component
  local end=$((SECONDS + limit)) log old=\${olds[$1]} now closed=0
  local -A known=() fresh=()
  while read -r log; do [ -z "$log" ] || known[$log]=1; done <<<"\${logs_before[$1]}"
  while ((SECONDS < end)); do
    while read -r log; do [ -z "$log" ] || [ -n "\${known[$log]:-}" ] || fresh[$log]=1; done < <(logs "$1")
    starts=\${#fresh[@]}
    now=$(process "$1")
    if [ -z "$now" ]; then
      ((starts < 2)) || return 1
    elif [ "$now" != "$old" ]; then
      settled "$now" && healthy "$1" && return 0
    elif [ "$1" = kube-apiserver ] && ! (exec 3<>/dev/tcp/127.0.0.1/6443) 2>/dev/null; then
      # It was asked to end, and waits for half a minute for watches that go on.
      ((++closed != 10)) || kill -KILL "$old" 2>/dev/null || true
    fi
    sleep 0.2
  done
  return 1
}
`

const placing = `place() { # from, to: whole or not at all
  local folder=\${2%/*} name=\${2##*/}
  mkdir -p "$folder"
  # kubelet does not look at names like this one.
  cp -p "$1" "$folder/.$name.new"
  sync "$folder/.$name.new"
  mv -f "$folder/.$name.new" "$2"
}
save() {
  [ ! -e "$before/files$1" ] && ! grep -qxF "$1" "$before/absent" 2>/dev/null || return 0
  if [ ! -e "$1" ]; then echo "$1" >>"$before/absent"; return 0; fi
  mkdir -p "$(dirname "$before/files$1")"
  cp -p "$1" "$before/.new"
  mv -f "$before/.new" "$before/files$1"
}
uses_touched() { # manifest
  local path
  for path in "\${touched[@]}"; do grep -qF -e "$path" -e "$(dirname "$path")" "$1" && return 0; done
  return 1
}
begin() { # component, manifest
  olds[$1]=$(process "$1")
  logs_before[$1]=$(logs "$1")
  if ! cmp -s "$2" "${manifests}/$1.yaml"; then
    place "$2" "${manifests}/$1.yaml"
  elif uses_touched "$2"; then
    [ -z "\${olds[$1]}" ] || kill "\${olds[$1]}" 2>/dev/null || true
  else
    olds[$1]=
  fi
}
change_all() { # folder of manifests; which one is not well is in $ill
  local group component
  for group in etcd kube-apiserver 'kube-controller-manager kube-scheduler'; do
    for component in $group; do
      if [ -e "$1/$component.yaml" ] && is_ours "$component"; then begin "$component" "$1/$component.yaml"; fi
    done
    for component in $group; do
      if ! is_ours "$component" || await "$component"; then continue; fi
      ill=$component
      return 1
    done
  done
}
is_ours() { [[ " \${components[*]} " == *" $1 "* ]]; }
put_back() {
  local path
  touched=()
  if [ -d "$before/files" ]; then
    while read -r path; do
      cmp -s "$before/files$path" "$path" && continue
      case $path in ${manifests}/* | ${kubeletConfigPath}) continue ;; esac
      touched+=("$path")
      place "$before/files$path" "$path"
    done < <(cd "$before/files"; find . -type f | sed 's|^[.]||')
  fi
  while read -r path; do
    case $path in ${manifests}/*) continue ;; esac
    [ ! -e "$path" ] || { touched+=("$path"); rm -f "$path"; }
  done < <(cat "$before/absent" 2>/dev/null)
  # Without kubelet nothing else starts again.
  if [ -e "$before/files${kubeletConfigPath}" ]; then
    change_kubelet "$before/files${kubeletConfigPath}" || { echo 'broken kubelet'; return 0; }
  fi
  change_all "$before/files${manifests}" || { echo "broken $ill"; return 0; }
  rm -rf "$before"
}
take_back() {
  echo "refused $1 $(words "$1")"
  put_back
}
`

/** One that does not take its configuration ends at once, and init starts it again and again. */
const kubelet = `kubelet_health() {
  local port answer
  port=$(sed -n 's/^healthzPort: *\\([0-9]*\\).*/\\1/p' ${kubeletConfigPath})
  [ "\${port:-10248}" != 0 ] || return 0
  exec 3<>"/dev/tcp/127.0.0.1/\${port:-10248}" || return 1
  printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3
  read -r -t 5 answer <&3 || answer=
  exec 3>&-
  [[ $answer == *' 200 '* ]]
}
change_kubelet() { # configuration
  local end pid since= stable=0
  local -A pids=()
  if ! cmp -s "$1" ${kubeletConfigPath}; then
    place "$1" ${kubeletConfigPath}
    ${restartKubelet}
    stable=2
  fi
  end=$((SECONDS + limit))
  while ((SECONDS < end)); do
    pid=$(systemctl show --property MainPID --value kubelet 2>/dev/null || true)
    if [ "\${pid:-0}" -gt 0 ]; then
      [ -n "\${pids[$pid]:-}" ] || { pids[$pid]=1; since=$SECONDS; }
      ((\${#pids[@]} < 3)) || return 1
      ((SECONDS - since < stable)) || ! (healthy kubelet) || return 0
    fi
    sleep 0.2
  done
  return 1
}
`
