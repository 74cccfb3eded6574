const wholeMachine = 'a machine has one of it, and all tests on it would feel that'
const onlyPassing = 'the host makes another pod at once, before anybody looks'

/** Problems that have a name and are injected nowhere but into facts, in `packages/core/src/doctor/*-faults.test.ts`. */
export const leftOut = {
  'HostDiskFull, HostDiskPressure, DiskFull and DiskPressure': wholeMachine,
  'HostMemoryPressure and HostPidPressure, MemoryPressure and PidPressure': wholeMachine,
  ApiSlow: 'nothing here slows a nested API down by seconds and leaves it answering',
  'NodeEvicted and NodePending': onlyPassing,
  NodeOutOfMemory: 'the kernel ends what uses most, which is never the init of a node',
  CrdMissing: 'the records of all clusters go with the definition',
  'KubeVirtMissing, KubeVirtNotReady and VmsEmulated':
    'the stand-in of KubeVirt would have to go, which other tests of VMs have',
  VmImageMissing: 'a VM with a claim pulls no image',
  VmWithoutAddress: 'no way is known to bring the stand-in of KubeVirt there',
} as const
