const wholeMachine = 'a machine has one of it, and all tests on it would feel that'
const onlyPassing = 'it passes within a second or two, before anybody looks'

/** Problems that have a name and are injected nowhere but into facts, in `packages/core/src/doctor/*-faults.test.ts`. */
export const leftOut = {
  'HostDiskFull, HostDiskPressure, DiskFull and DiskPressure': wholeMachine,
  'HostMemoryPressure and HostPidPressure, MemoryPressure and PidPressure': wholeMachine,
  ApiSlow: 'whatever slows a nested API down so far stops it, too',
  'NodeEvicted and NodePending': onlyPassing,
  NodeOutOfMemory: 'the kernel ends what uses most, which is never the init of a node',
  CrdMissing: 'the records of all clusters go with the definition',
  'KubeVirtMissing, KubeVirtNotReady and VmsEmulated': 'other tests of VMs have the stand-in as it is',
  'VmImageMissing and VmWithoutAddress': 'the stand-in of KubeVirt has no such state of a VM with a claim',
} as const
