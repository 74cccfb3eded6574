import { test } from 'vitest'
import { expectNamed, type FaultRow } from './fake-fault.js'
import { backOff, mirror, systemPod, type Seen } from './fake-snapshot.js'

const ends = (expires: string, daysLeft: number): Seen => ({
  certificates: {
    certificates: [{ node: 'q-cp-0', name: 'apiserver', expires, daysLeft, ca: 'ca', renewedBy: 'knest' }],
  },
})
const three = { controlPlanes: 3, workers: 0 }
const silentMember = { healthy: false, dbSizeBytes: undefined }

const kubeconfig = (local: object): Seen => ({
  cluster: {
    kubeconfig: {
      local: {
        server: 'https://10.0.0.2:30443',
        authority: 'NEW',
        expires: '2027-01-01T00:00:00Z',
        ...local,
      },
      authority: 'NEW',
      urls: ['https://10.0.0.2:30443', 'https://10.96.0.7:6443'],
    },
  },
})

test.each<FaultRow>([
  [
    'etcd is full',
    { etcd: [{ alarms: ['NOSPACE'], dbSizeBytes: 2 ** 31 }] },
    'EtcdNoSpace',
    'cluster/q',
    /`knest heal q -n knest-q`/,
  ],
  [
    'a member of etcd is silent',
    { ...three, etcd: [{}, {}, { name: 'q-cp-2', ...silentMember }] },
    'EtcdMemberSilent',
    'node/q-cp-2',
    /var\/log\/pods/,
  ],
  [
    'etcd has no majority',
    {
      ...three,
      apiProblem: 'no control plane is ready',
      etcd: [{ healthy: false }, silentMember, silentMember],
    },
    'EtcdNoQuorum',
    'cluster/q',
    /when 2 of them run/,
  ],
  [
    'disks of the majority are lost',
    {
      ...three,
      apiProblem: 'no control plane is ready',
      emptyDisks: ['q-cp-1', 'q-cp-2'],
      etcd: [{ healthy: false }, { name: 'q-cp-1', ...silentMember }, { name: 'q-cp-2', ...silentMember }],
    },
    'EtcdMajorityLost',
    'cluster/q',
    /`knest delete q -n knest-q`/,
  ],
  [
    'a member was removed',
    { ...three, etcd: [{}, {}] },
    'EtcdMemberRemoved',
    'node/q-cp-2',
    /`knest scale q 3:0 -n knest-q`/,
  ],
  [
    'a member has no vote',
    { ...three, etcd: [{}, {}, { name: 'q-cp-2', learner: true }] },
    'EtcdMemberLearns',
    'node/q-cp-2',
    /`knest scale q 3:0/,
  ],
  ['all disks are lost', { emptyDisks: ['q-cp-0'] }, 'DataLost', 'cluster/q', /`knest delete q -n knest-q`/],
  [
    'the disk of a worker is lost',
    { emptyDisks: ['q-worker-0'], members: { 'q-worker-0': null } },
    'DiskLost',
    'node/q-worker-0',
    /`knest scale q 1:1/,
  ],
  [
    'authorities are lost',
    {
      authorities: {
        reason: 'AuthoritiesLost',
        severity: 'error',
        message: 'the certificate authorities of cluster "q" are gone',
        hint: 'restore the Secret',
      },
    },
    'AuthoritiesLost',
    'cluster/q',
    /restore the Secret/,
  ],
  [
    'the API server does not answer',
    { apiProblem: 'no answer within 6 s' },
    'ApiSilent',
    'cluster/q',
    /`knest scale q 1:1/,
  ],
  ['the nested API is slow', { cluster: { answerMs: 4_000 } }, 'ApiSlow', 'cluster/q', /readyz/],
  [
    'certificates are over',
    ends('2026-05-30T00:00:00Z', -3),
    'CertificatesExpired',
    'cluster/q',
    /`knest certs q --renew -n knest-q`/,
  ],
  [
    'certificates end soon',
    ends('2026-06-04T00:00:00Z', 2),
    'CertificatesEndSoon',
    'cluster/q',
    /`knest certs q --renew -n knest-q`/,
  ],
  [
    'a renewal was broken off',
    { certificates: { unfinished: ['q-cp-0'] } },
    'RenewalBrokenOff',
    'cluster/q',
    /`knest certs q --renew/,
  ],
  [
    'a scheduler with a wrong flag',
    {
      lastWords: [{ part: 'kube-scheduler', node: 'q-cp-0', said: 'unknown flag: --not-there' }],
      nested: [
        systemPod('kube-scheduler-q-cp-0', mirror, 'kube-scheduler', {
          state: backOff,
          lastState: { terminated: { exitCode: 1 } },
        }),
      ],
      says: { 'q-cp-0': 'set-up init' },
    },
    'StaticPodCrashes',
    'node/q-cp-0',
    /`knest ssh q q-cp-0 -- kubeadm init phase control-plane scheduler --config \/etc\/kubernetes\/knest-kubeadm\.yaml`/,
  ],
  [
    'an API server with a wrong flag',
    {
      apiProblem: 'no control plane is ready',
      lastWords: [
        { part: 'kube-apiserver', node: 'q-cp-0', said: '"command failed" err="unknown flag: --not-there"' },
      ],
    },
    'StaticPodCrashes',
    'node/q-cp-0',
    /kubeadm init phase control-plane apiserver/,
  ],
  [
    'an API server with a wrong flag, and what ends without it',
    {
      apiProblem: 'no control plane is ready',
      lastWords: [
        { part: 'kube-controller-manager', node: 'q-cp-0', said: 'leaderelection lost' },
        { part: 'kube-apiserver', node: 'q-cp-0', said: 'unknown flag: --not-there' },
      ],
    },
    'StaticPodCrashes',
    'node/q-cp-0',
    /kubeadm init phase control-plane apiserver/,
  ],
  [
    'an etcd with a wrong flag, and what ends without it',
    {
      apiProblem: 'no control plane is ready',
      lastWords: [
        { part: 'kube-apiserver', node: 'q-cp-0', said: 'connection refused' },
        { part: 'etcd', node: 'q-cp-0', said: 'unknown flag: --not-there' },
      ],
    },
    'StaticPodCrashes',
    'node/q-cp-0',
    /correct its manifest/,
  ],
  [
    'the part of a control plane that joined',
    {
      ...three,
      lastWords: [{ part: 'kube-controller-manager', node: 'q-cp-1', said: 'bind: address already in use' }],
      says: { 'q-cp-1': 'set-up join' },
    },
    'StaticPodCrashes',
    'node/q-cp-1',
    /kubeadm join phase control-plane-prepare control-plane/,
  ],
  [
    'a kubeconfig of another cluster of that name',
    kubeconfig({ authority: 'OLD' }),
    'KubeconfigStale',
    'cluster/q',
    /`knest kubeconfig q --merge`/,
  ],
  [
    'a kubeconfig whose certificate is over',
    kubeconfig({ expires: '2026-05-01T00:00:00Z' }),
    'KubeconfigStale',
    'cluster/q',
    /`knest kubeconfig q --merge`/,
  ],
  [
    'a kubeconfig with an address of before',
    kubeconfig({ server: 'https://10.0.0.2:31000' }),
    'KubeconfigStale',
    'cluster/q',
    /`knest kubeconfig q --merge`/,
  ],
])('named: %s', (...row) => expectNamed(row))
