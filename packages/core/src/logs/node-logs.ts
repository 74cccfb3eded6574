import type { LogFile } from '../contracts/logs.js'

/** What a node gives of each of its logs, from the end. */
const fileBytes = 400_000

/**
 * Prints logs and settings of a node, each behind a line with the mark, the bytes given, the bytes there are, and its
 * path. Of other people's pods nothing: only those of the cluster itself. Never fails, and runs on pods and VMs.
 */
const script = `
mark=$1; cap=$2; left=$3; tmp=$(mktemp) || exit 1
trap 'rm -f "$tmp"' EXIT
give() { # path size: what is in $tmp
  take=$(stat -c %s "$tmp"); left=$((left - take)); [ "$left" -ge 0 ] || take=0
  printf '\\n%s %s %s %s\\n' "$mark" "$take" "$2" "$1"; [ "$take" = 0 ] || cat "$tmp"
}
file() { # path file
  [ -r "$2" ] && [ -f "$2" ] || return 0
  tail -c "$cap" "$2" >"$tmp" 2>/dev/null; give "$1" "$(stat -Lc %s "$2" 2>/dev/null || echo 0)"
}
run() { # path command
  at=$1; shift; command -v "$1" >/dev/null 2>&1 || return 0
  timeout 8 "$@" </dev/null 2>&1 | tail -c "$cap" >"$tmp"; give "$at" "$(stat -c %s "$tmp")"
}
for f in /etc/kubernetes/manifests/*.yaml /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /run/knest/kubelet.conf.d/* /etc/containerd/config.toml /etc/cni/net.d/*; do
  file "settings/\${f##*/}" "$f"
done
for f in /var/log/knest/*.log; do file "\${f##*/}" "$f"; done
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
  for unit in kubelet containerd; do run "$unit.log" journalctl --no-pager -u "$unit" -n 5000; done
fi
for f in /var/log/pods/kube-system_*/*/*.log /var/log/pods/kube-flannel_*/*/*.log /var/log/pods/calico-system_*/*/*.log /var/log/pods/tigera-operator_*/*/*.log /var/log/pods/cilium*_*/*/*.log /var/log/pods/local-path-storage_*/*/*.log; do
  pod=\${f#/var/log/pods/*_}; file "pods/\${pod%%_*}/\${f#/var/log/pods/*/}" "$f"
done
run df.txt df -h
run df-inodes.txt df -i
run memory.txt cat /proc/meminfo
run processes.txt ps -eo pid,ppid,stat,etime,rss,comm
run addresses.txt ip address
run routes.txt ip route
run kernel.txt uname -a
run images-and-containers.txt crictl ps -a
run containers.txt ctr -n k8s.io containers ls
run tasks.txt ctr -n k8s.io tasks ls
exit 0
`

/** For `execText` on a node: the script is too long for a command line that goes through proxies. */
export function nodeLogsCommand(
  mark: string,
  budgetBytes: number,
): { readonly argv: readonly string[]; readonly stdin: string } {
  return { argv: ['bash', '-s', '--', mark, String(fileBytes), String(budgetBytes)], stdin: script }
}

interface NodeLogs {
  readonly files: readonly LogFile[]
  /** Of which the beginning is not there. */
  readonly cut: readonly string[]
}

/** Reads what the command printed; texts are as they were on the node. Pure. */
export function parseNodeLogs(output: string, mark: string): NodeLogs {
  const files: LogFile[] = []
  const cut: string[] = []
  for (const part of output.split(`\n${mark} `).slice(1)) {
    const end = part.indexOf('\n')
    const [, taken, size, path] = /^(\d+) (\d+) (.+)$/.exec(part.slice(0, end)) ?? []
    if (path === undefined) continue
    if (taken !== size) cut.push(`${path}: the last ${taken ?? '0'} of ${size ?? '0'} bytes`)
    if (taken !== '0') files.push({ path, text: part.slice(end + 1) })
  }
  return { files, cut }
}
