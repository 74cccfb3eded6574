import { onCluster, type Fault } from './fault.js'
import { flagged } from './injections.js'
import type { Place } from './place.js'

const second = ({ name }: Place): string => `${name}-cp-1`
const third = ({ name }: Place): string => `${name}-cp-2`
const lose = ({ beside }: Place, ...nodes: readonly string[]): Promise<string> =>
  beside('delete', 'pod', ...nodes.map((node) => `${node}-0`), '--grace-period', '0', '--force')

const etcdctl =
  'etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key'

/** Of a cluster with three control planes. */
export const haFaults: readonly Fault[] = [
  {
    what: 'a member of etcd that hangs',
    inject: (place) => place.script(third(place), 'pkill -STOP -x etcd'),
    reason: 'EtcdMemberSilent',
    object: (place) => `node/${third(place)}`,
    remedy: /if it does not come back by itself/,
    // kubelet kills it after more than a minute.
    byHand: (place) => place.script(third(place), 'pkill -CONT -x etcd'),
    hides: true,
  },
  {
    what: 'a majority of etcd that hangs',
    inject: (place) =>
      Promise.all([second(place), third(place)].map((node) => place.script(node, 'pkill -STOP -x etcd'))),
    reason: 'EtcdNoQuorum',
    object: onCluster,
    also: ['ApiSilent'],
    remedy: /it goes on by itself when 2 of them run/,
    byHand: (place) =>
      Promise.all([second(place), third(place)].map((node) => place.script(node, 'pkill -CONT -x etcd'))),
    hides: true,
  },
  {
    what: 'a part of a control plane that joined, with a flag that it does not know',
    inject: flagged('kube-controller-manager', second),
    reason: 'StaticPodCrashes',
    object: (place) => `node/${second(place)}`,
    remedy: /kubeadm join phase control-plane-prepare control-plane/,
  },
  {
    what: 'a member of etcd that was removed',
    inject: (place) => {
      const id = `${etcdctl} member list | sed -n 's/, .*, ${third(place)}, .*//p'`
      return place.script(place.controlPlane, `${etcdctl} member remove "$(${id})"`)
    },
    reason: 'EtcdMemberRemoved',
    object: (place) => `node/${third(place)}`,
    also: ['StaticPodCrashes'],
    remedy: /^knest scale /,
    hides: true,
  },
  {
    what: 'a member of etcd whose disk was lost',
    inject: (place) => lose(place, third(place)),
    reason: 'EtcdMemberSilent',
    object: (place) => `node/${third(place)}`,
    remedy: /^knest scale /,
    hides: true,
  },
  {
    what: 'a majority of etcd whose disks were lost',
    inject: (place) => lose(place, second(place), third(place)),
    reason: 'EtcdMajorityLost',
    object: onCluster,
    also: ['ApiSilent', 'DiskLost'],
    remedy: /^knest delete /,
    hides: true,
    isTheEnd: true,
  },
]
