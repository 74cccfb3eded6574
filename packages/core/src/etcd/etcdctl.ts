/** etcdctl on a control plane, by the address that is always its own. */
export const etcdctl = [
  'etcdctl',
  '--endpoints=https://127.0.0.1:2379',
  '--cacert=/etc/kubernetes/pki/etcd/ca.crt',
  '--cert=/etc/kubernetes/pki/etcd/server.crt',
  '--key=/etc/kubernetes/pki/etcd/server.key',
] as const

/** Ids are 64 bit numbers: as JSON numbers they would lose digits. As text in decimal or hex they do not. */
export function parseWithIds(text: string): unknown {
  return JSON.parse(
    text.replaceAll(/"(ID|member_id|cluster_id|leader)":\s*"?([0-9a-fx]+)"?/g, '"$1":"$2"'),
  ) as unknown
}

/** etcdctl writes ids of members in hex and those of other answers in decimal. */
export function hexId(decimal: string): string {
  return BigInt(decimal).toString(16)
}
