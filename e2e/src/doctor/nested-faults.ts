import { shorteningScript } from '../support/certificates.js'
import { onCluster, onControlPlane, onWorker, on, type Fault } from './fault.js'
import type { Place } from './place.js'
import { flagged, pod, runNowhere, runAgain, webhook } from './injections.js'

/** Of a CI run, too. */
export const quickFaults: readonly Fault[] = [
  {
    what: 'a kubelet that was stopped',
    inject: ({ worker, script }) => script(worker, 'systemctl stop kubelet'),
    reason: 'KubeletDown',
    object: onWorker,
    remedy: /restart kubelet$/,
  },
  {
    what: 'a CoreDNS that was scaled to 0',
    inject: ({ kubectl }) =>
      kubectl('scale', 'deployment', 'coredns', '-n', 'kube-system', '--replicas', '0'),
    reason: 'DnsDown',
    object: on('deployment/coredns'),
    remedy: /scale deployment coredns/,
  },
  {
    what: 'a webhook with nobody behind it',
    inject: webhook('ValidatingWebhookConfiguration'),
    reason: 'WebhookDown',
    object: on('validatingwebhookconfiguration/policies'),
    remedy: /delete validatingwebhookconfiguration policies$/,
  },
  {
    what: 'a scheduler with a flag that it does not know',
    inject: flagged('kube-scheduler'),
    reason: 'StaticPodCrashes',
    object: onControlPlane,
    remedy: /kubeadm init phase control-plane scheduler/,
  },
]

/** Services of nodes, and what runs on them. */
export const nodeFaults: readonly Fault[] = [
  {
    what: 'a kubelet that hangs',
    inject: ({ worker, script }) => script(worker, 'pkill -STOP -x kubelet'),
    reason: 'KubeletDown',
    object: onWorker,
    remedy: /restart kubelet$/,
  },
  {
    what: 'a containerd that was stopped',
    inject: ({ worker, script }) => script(worker, 'systemctl stop containerd'),
    reason: 'ContainerdDown',
    object: onWorker,
    remedy: /restart containerd$/,
  },
  {
    what: 'a containerd that hangs',
    inject: ({ worker, script }) => script(worker, 'pkill -STOP -x containerd'),
    reason: 'ContainerdDown',
    object: onWorker,
    remedy: /restart containerd$/,
    hides: true,
  },
  {
    what: 'a CNI plugin that is missing',
    inject: ({ worker, script }) => script(worker, 'rm /etc/cni/net.d/*'),
    reason: 'NetworkPluginMissing',
    object: onWorker,
    remedy: /rollout restart daemonset kube-flannel-ds/,
  },
  {
    what: 'a pod network of the host with a smaller MTU',
    inject: ({ worker, script }) => script(worker, 'ip link set eth0 mtu 1300'),
    reason: 'MtuTooLarge',
    object: onWorker,
    remedy: /raise the MTU of the host pod network to what it was/,
    byHand: ({ worker, controlPlane, script }) =>
      script(controlPlane, 'cat /sys/class/net/eth0/mtu').then((mtu) =>
        script(worker, `ip link set eth0 mtu ${mtu.trim()}`),
      ),
  },
  {
    what: 'processes that come to their limit',
    // As many that a command still finds room in the twentieth that is left.
    inject: ({ worker, script }) =>
      script(
        worker,
        'for i in $(seq 600); do setsid sleep 3600 </dev/null >/dev/null 2>&1 & done; cd /sys/fs/cgroup/pids* && echo $(($(cat pids.current) * 20 / 19)) >pids.max',
      ),
    reason: 'ProcessLimit',
    object: onWorker,
    remedy: /ps -ef$/,
    byHand: ({ worker, script }) =>
      script(worker, 'cd /sys/fs/cgroup/pids* && echo max >pids.max && pkill sleep'),
  },
  {
    what: 'a Node object that was deleted',
    inject: ({ kubectl, worker }) => kubectl('delete', 'node', worker),
    reason: 'NodeNotRegistered',
    object: onWorker,
    remedy: /^knest scale /,
  },
  {
    what: 'a worker whose disk was lost',
    inject: ({ beside, worker }) => beside('delete', 'pod', `${worker}-0`, '--grace-period', '0', '--force'),
    reason: 'DiskLost',
    object: onWorker,
    remedy: /^knest scale /,
  },
  {
    what: 'a worker that filled its disk and was evicted',
    inject: ({ worker, script }) => script(worker, 'fallocate -l 4G /var/lib/kubelet/filler'),
    reason: 'DiskLost',
    object: onWorker,
    remedy: /^knest scale /,
  },
]

/** What the cluster itself runs. */
export const workloadFaults: readonly Fault[] = [
  {
    what: 'a CoreDNS that was deleted',
    inject: ({ kubectl }) => kubectl('delete', 'deployment', 'coredns', '-n', 'kube-system'),
    reason: 'DnsDown',
    object: on('deployment/coredns'),
    remedy: /kubeadm init phase addon coredns/,
  },
  {
    what: 'a kube-proxy that was deleted',
    inject: ({ kubectl }) => kubectl('delete', 'daemonset', 'kube-proxy', '-n', 'kube-system'),
    reason: 'ProxyDown',
    object: on('daemonset/kube-proxy'),
    remedy: /kubeadm init phase addon kube-proxy/,
  },
  {
    what: 'a kube-proxy that runs nowhere',
    inject: runNowhere('kube-proxy', 'kube-system'),
    reason: 'ProxyDown',
    object: on('daemonset/kube-proxy'),
    remedy: /get daemonset kube-proxy/,
    prints: /nowhere/,
    byHand: runAgain('kube-proxy', 'kube-system'),
  },
  {
    what: 'a network plugin that runs nowhere',
    inject: runNowhere('kube-flannel-ds', 'kube-flannel'),
    reason: 'NetworkDown',
    object: on('daemonset/kube-flannel-ds'),
    remedy: /get daemonset kube-flannel-ds/,
    prints: /nowhere/,
    byHand: runAgain('kube-flannel-ds', 'kube-flannel'),
  },
  {
    what: 'a provisioner that was scaled to 0',
    inject: ({ kubectl }) =>
      kubectl(
        ...['scale', 'deployment', 'local-path-provisioner', '-n', 'local-path-storage', '--replicas', '0'],
      ),
    reason: 'StorageDown',
    object: on('deployment/local-path-provisioner'),
    remedy: /scale deployment local-path-provisioner/,
  },
  {
    what: 'a mutating webhook with nobody behind it',
    inject: webhook('MutatingWebhookConfiguration'),
    reason: 'WebhookDown',
    object: on('mutatingwebhookconfiguration/policies'),
    remedy: /delete mutatingwebhookconfiguration policies$/,
  },
  {
    what: 'an image that cannot be pulled',
    inject: pod('unpulled', { image: '127.0.0.1:1/never:1', imagePullPolicy: 'IfNotPresent' }),
    reason: 'ImagePull',
    object: on('pod/unpulled'),
    remedy: /get pod unpulled -n kube-system -o yaml$/,
    byHand: ({ kubectl }) =>
      kubectl('set', 'image', 'pod/unpulled', '-n', 'kube-system', 'it=localhost/knest/busybox:1'),
  },
  {
    what: 'a container that needs more memory than it may have',
    inject: pod('hungry', {
      command: ['busybox', 'tail', '/dev/zero'],
      resources: { limits: { memory: '48Mi' } },
    }),
    reason: 'OutOfMemory',
    object: on('pod/hungry'),
    remedy: /give it less to do/,
    byHand: ({ kubectl }) => kubectl('delete', 'pod', 'hungry', '-n', 'kube-system'),
  },
  {
    what: 'a container that ends again and again',
    inject: pod('crasher', { command: ['sh', '-c', 'echo no such setting; exit 3'] }),
    reason: 'ContainerCrashes',
    object: on('pod/crasher'),
    remedy: /logs crasher -n kube-system -c it --previous$/,
    prints: /no such setting/,
    byHand: ({ kubectl }) => kubectl('delete', 'pod', 'crasher', '-n', 'kube-system'),
  },
]

const isEtcdFull = async ({ script, controlPlane }: Place): Promise<void> => {
  // 40 MiB for a database that keeps what is deleted until it is compacted.
  const manifest = '/etc/kubernetes/manifests/etcd.yaml'
  const limit = String.raw`s/^\( *\)- etcd$/&\n\1- --quota-backend-bytes=41943040/`
  await script(controlPlane, `sed -i '${limit}' ${manifest}`)
  const fill = `export KUBECONFIG=/etc/kubernetes/admin.conf
head -c 900000 /dev/zero | tr '\\0' x >/tmp/filler
for i in $(seq 60); do kubectl get --raw /readyz >/dev/null 2>&1 && pgrep -f quota-backend-bytes=41943040 >/dev/null && break; sleep 1; done
for i in $(seq 80); do
  kubectl create configmap filler-$i --from-file=/tmp/filler 2>&1 | grep -q 'database space exceeded' && exit 0
  kubectl label configmap filler-$i e2e=filler 2>&1 | grep -q 'database space exceeded' && exit 0
done
exit 1`
  await script(controlPlane, fill)
}

/** The control plane, its certificates, and what is written down of the cluster. */
export const controlPlaneFaults: readonly Fault[] = [
  {
    what: 'a controller manager with a flag that it does not know',
    inject: flagged('kube-controller-manager'),
    reason: 'StaticPodCrashes',
    object: onControlPlane,
    remedy: /kubeadm init phase control-plane controller-manager/,
  },
  {
    what: 'an API server with a flag that it does not know',
    inject: flagged('kube-apiserver'),
    reason: 'StaticPodCrashes',
    object: onControlPlane,
    remedy: /kubeadm init phase control-plane apiserver/,
    hides: true,
  },
  {
    what: 'an etcd with a flag that it does not know',
    inject: flagged('etcd'),
    reason: 'StaticPodCrashes',
    object: onControlPlane,
    remedy: /cat \/etc\/kubernetes\/manifests\/etcd\.yaml$/,
    prints: /--not-there/,
    byHand: ({ controlPlane, script }) =>
      script(controlPlane, 'sed -i /--not-there/d /etc/kubernetes/manifests/etcd.yaml'),
    hides: true,
  },
  {
    what: 'an etcd that is full',
    inject: isEtcdFull,
    reason: 'EtcdNoSpace',
    object: onCluster,
    remedy: /^knest heal /,
    first: ({ kubectl }) =>
      kubectl('delete', 'configmaps', '-n', 'default', '-l', 'e2e=filler', '--timeout', '60s'),
    byHand: ({ controlPlane, script }) =>
      script(controlPlane, 'sed -i /quota-backend-bytes/d /etc/kubernetes/manifests/etcd.yaml'),
  },
  {
    what: 'certificates that end soon',
    inject: shorten(60),
    reason: 'CertificatesEndSoon',
    object: onCluster,
    remedy: /^knest certs .*--renew/,
  },
  {
    what: 'a renewal that was broken off',
    inject: ({ controlPlane, script }) =>
      script(controlPlane, 'touch /var/lib/knest/certificates-unfinished'),
    reason: 'RenewalBrokenOff',
    object: onCluster,
    remedy: /^knest certs .*--renew/,
  },
  {
    what: 'certificates that are over',
    inject: shorten(1),
    reason: 'CertificatesExpired',
    object: onCluster,
    remedy: /^knest certs .*--renew/,
    hides: true,
  },
  {
    what: 'a kubeconfig with an address of before',
    inject: ({ home, name, paste }) =>
      paste(
        String.raw`sed -i 's|server: https://\([^:]*\):.*|server: https://\1:1|' ${home.path}/.kube/knest.knest-${name}.${name}.kubeconfig`,
      ),
    reason: 'KubeconfigStale',
    object: onCluster,
    remedy: /^knest kubeconfig /,
  },
  {
    what: 'a Secret of the authorities that was deleted',
    inject: ({ beside, home, name, paste }) =>
      beside('get', 'secret', `${name}-pki`, '-o', 'json')
        .then((text) => paste(`cat >${home.path}/backup.json <<'EOF'\n${text}\nEOF`))
        .then(() => beside('delete', 'secret', `${name}-pki`)),
    reason: 'AuthoritiesLost',
    object: onCluster,
    remedy: /./,
    byHand: ({ beside, home }) => beside('create', '-f', `${home.path}/backup.json`),
    hides: true,
  },
  {
    what: 'a scale that was killed',
    inject: async (place) => {
      const words = ['scale', place.name, '1:2']
      await place.try(words, {
        onStderr: (text, child) => {
          if (text.includes('worker-1')) child.kill('SIGKILL')
        },
      })
    },
    reason: 'NotCompleted',
    object: onCluster,
    also: ['LockLeft'],
    remedy: /^knest scale /,
    byHand: ({ knest, name }) => knest('scale', name, '1:1', '--yes'),
    hides: true,
  },
]

/** After which there is no cluster. */
export const lastFault: Fault = {
  what: 'a cluster whose only disk with data was lost',
  inject: ({ beside, controlPlane }) =>
    beside('delete', 'pod', `${controlPlane}-0`, '--grace-period', '0', '--force'),
  reason: 'DataLost',
  object: onCluster,
  remedy: /^knest delete /,
  hides: true,
  isTheEnd: true,
}

function shorten(minutes: number): Fault['inject'] {
  return ({ controlPlane, script }) => script(controlPlane, shorteningScript(minutes))
}
