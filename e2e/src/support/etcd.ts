import type { KubeApi } from '@knest/core'
import { never } from './cluster.js'
import type { TestCluster } from './cluster.js'

const etcdctl = [
  'etcdctl',
  '--endpoints=https://127.0.0.1:2379',
  '--cacert=/etc/kubernetes/pki/etcd/ca.crt',
  '--cert=/etc/kubernetes/pki/etcd/server.crt',
  '--key=/etc/kubernetes/pki/etcd/server.key',
]

/** `NAME STATUS` of every member, as `etcdctl member list` on a control plane says it; learners are marked. */
export async function memberList(
  host: KubeApi,
  cluster: Pick<TestCluster, 'name' | 'namespace'>,
  on = `${cluster.name}-cp-0`,
): Promise<readonly string[]> {
  const pod = { namespace: cluster.namespace, name: `${on}-0`, container: 'node' }
  const { exitCode, stdout, stderr } = await host.exec(pod, [...etcdctl, 'member', 'list'], {
    timeoutMs: 30_000,
    signal: never,
  })
  if (exitCode !== 0) throw new Error(`etcdctl member list on ${on}: ${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(', '))
    .map(
      ([, status = '', name = '', , , learner]) => `${name} ${status}${learner === 'true' ? ' learner' : ''}`,
    )
    .sort()
}
