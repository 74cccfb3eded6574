import { test } from 'vitest'
import type { NodeStatus } from '../contracts/node-backend.js'
import { labels } from '../labels.js'
import { expectNamed, type FaultRow } from './fake-fault.js'
import { object, type Seen } from './fake-snapshot.js'

/** In the words of kubevirt-vm-node, which has them from the VM and its instance. */
const vm = (reason: string, part: Partial<NodeStatus> = {}): Seen => ({
  backend: 'vm',
  host: {
    'q-worker-0': {
      phase: 'pending',
      ready: false,
      ip: undefined,
      reason,
      hostObject: 'q-worker-0',
      ...part,
    },
  },
})
const claim = object(
  'PersistentVolumeClaim',
  'q-worker-0-root',
  {
    metadata: { labels: { [labels.backend]: 'vm', [labels.node]: 'q-worker-0' } },
    spec: {},
    status: { phase: 'Lost' },
  },
  'knest-q',
)

test.each<FaultRow>([
  [
    'no KVM',
    vm(
      'ErrorUnschedulable: Guest VM is not schedulable: 0/1 nodes are available: 1 Insufficient devices.kubevirt.io/kvm.',
    ),
    'NoKvm',
    'node/q-worker-0',
    /hardware virtualization/,
  ],
  [
    'no KVM, before anything is made',
    {
      hostOnly: true,
      checks: [
        {
          reason: 'NoKvm',
          severity: 'error',
          message: 'no node of the host has KVM (devices.kubevirt.io/kvm), and emulation is not switched on',
          hint: 'use hosts with hardware virtualization',
        },
      ],
    },
    'NoKvm',
    'host',
    /hardware/,
  ],
  [
    'the launcher finds no room',
    vm('ErrorUnschedulable: Guest VM is not schedulable: 0/3 nodes are available: 3 Insufficient memory.'),
    'VmUnschedulable',
    'node/q-worker-0',
    /make room on the host/,
  ],
  [
    'the launcher is stuck',
    vm('Starting: VMI is Scheduling'),
    'VmStarting',
    'node/q-worker-0',
    /`kubectl describe vmi q-worker-0 -n knest-q`/,
  ],
  [
    'a start that fails',
    vm('CrashLoopBackOff: its start failed 3 times, KubeVirt starts it again at 2026-06-01T12:05:00Z'),
    'VmStarting',
    'node/q-worker-0',
    /describe vmi/,
  ],
  [
    'no address',
    vm('Running: it has no address yet'),
    'VmWithoutAddress',
    'node/q-worker-0',
    /`kubectl get events -n knest-q`/,
  ],
  [
    'SSH is silent',
    vm('Running: its SSH server does not answer yet', { ip: '10.244.0.9' }),
    'VmSilent',
    'node/q-worker-0',
    /virtctl console q-worker-0 -n knest-q/,
  ],
  [
    'the VM was stopped',
    vm('its VM was stopped, as by `virtctl stop`'),
    'VmStopped',
    'node/q-worker-0',
    /`knest heal q -n knest-q`/,
  ],
  [
    'the VM image cannot be pulled',
    vm('ErrImagePull: VMI is Scheduling'),
    'VmImageMissing',
    'node/q-worker-0',
    /pull that image/,
  ],
  [
    'the claim is gone',
    vm('ErrorPvcNotFound: VMI does not exist'),
    'VmDiskMissing',
    'node/q-worker-0',
    /`kubectl get pvc,dv -n knest-q`/,
  ],
  [
    'the claim was deleted while the VM does not run',
    vm('its disk, claim "q-worker-0-root", is gone', { abandoned: true }),
    'VmDiskMissing',
    'node/q-worker-0',
    /`knest heal q -n knest-q`/,
  ],
  [
    'the cloud-init Secret was deleted',
    vm('its cloud-init Secret "q-worker-0-userdata" is gone', { abandoned: true }),
    'VmSecretMissing',
    'node/q-worker-0',
    /`knest heal q -n knest-q`/,
  ],
  [
    'the volume is lost',
    { backend: 'vm', persistent: true, hostObjects: { claims: [claim] } },
    'VmDiskMissing',
    'persistentvolumeclaim/q-worker-0-root',
    /`kubectl delete pvc\/q-worker-0-root vmi\/q-worker-0 -n knest-q`.*`knest heal q -n knest-q`/,
  ],
])('named: %s', (...row) => expectNamed(row))
