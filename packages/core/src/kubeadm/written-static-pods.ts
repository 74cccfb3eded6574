import type { NodeHandle } from '../contracts/node-backend.js'
import { runScript } from '../node/run-script.js'
import { packBundle } from './bundle.js'
import { staticPodChanges } from './static-pod-changes.js'

const configName = 'kubeadm.yaml'
/** Stands in a configuration for the node's own address, which its manifest knows. Nobody has it (RFC 5737). */
export const someAddress = '192.0.2.1'

/** kubeadm of the node's own image writes into a folder what it would make of the configuration. It asks nobody. */
export const writeStaticPodsScript = `dir=$(mktemp -d /run/knest/static-pods.XXXXXX)
trap 'rm -rf "$dir"' EXIT
tar --no-same-owner -xf - -C "$dir"
mkdir "$dir/written"
address=$(sed -n 's/.*--advertise-address=//p' /etc/kubernetes/manifests/kube-apiserver.yaml | head -n 1)
sed -i "s/${someAddress}/$address/" "$dir/${configName}"
export KUBEADM_INIT_DRYRUN_DIR="$dir/written"
for phase in 'control-plane all' 'etcd local'; do
  kubeadm init phase $phase --config "$dir/${configName}" --dry-run >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
done
for written in "$dir"/written/*.yaml; do
  name=$(basename "$written" .yaml)
  echo "= $name"
  cat "/etc/kubernetes/manifests/$name.yaml" 2>/dev/null || true
  echo '= written'
  cat "$written"
done
`

/** What was changed by hand in the static pods of a control plane, by their names; those without a change are left out. */
export async function changedStaticPods(
  node: NodeHandle,
  configuration: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const stdin = await packBundle([{ path: configName, content: configuration, mode: 0o600 }])
  const options = { stdin, timeoutMs: 60_000, signal }
  return parseStaticPods(await runScript(node, 'look at the static pods', writeStaticPodsScript, options))
}

export function parseStaticPods(said: string): ReadonlyMap<string, readonly string[]> {
  const changed = new Map<string, readonly string[]>()
  for (const part of said.split(/^= (?!written$)/m).slice(1)) {
    const [head = '', written = ''] = part.split(/^= written\n/m)
    const [name = '', ...manifest] = head.split('\n')
    const found = manifest.join('\n')
    // One that is away is kubeadm's to bring back.
    const changes = found.trim() === '' ? [] : staticPodChanges(found, written)
    if (changes.length > 0) changed.set(name, changes)
  }
  return changed
}
