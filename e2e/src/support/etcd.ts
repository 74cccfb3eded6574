import type { TestHome } from './home.js'
import { knest } from './knest.js'

const etcdctl = [
  'etcdctl',
  '--endpoints=https://127.0.0.1:2379',
  '--cacert=/etc/kubernetes/pki/etcd/ca.crt',
  '--cert=/etc/kubernetes/pki/etcd/server.crt',
  '--key=/etc/kubernetes/pki/etcd/server.key',
]

/** `NAME STATUS` of every member, as `etcdctl member list` on a control plane says it; learners are marked. */
export async function memberList(
  home: TestHome,
  cluster: string,
  on = `${cluster}-cp-0`,
): Promise<readonly string[]> {
  const stdout = await knest(home, 'ssh', cluster, on, '--', ...etcdctl, 'member', 'list')
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(', '))
    .map(
      ([, status = '', name = '', , , learner]) => `${name} ${status}${learner === 'true' ? ' learner' : ''}`,
    )
    .sort()
}

/** What etcd keeps at a key, with dots for bytes that are no text. Encryption writes its name before. */
export function storedValue(home: TestHome, cluster: string, key: string): Promise<string> {
  const get = [...etcdctl, 'get', '--print-value-only', key].join(' ')
  const script = `set -o pipefail; ${get} | tr -c '[:graph:]' .`
  return knest(home, 'ssh', cluster, `${cluster}-cp-0`, '--', 'bash', '-c', script)
}
