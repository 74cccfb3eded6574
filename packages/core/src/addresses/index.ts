export type { AddressSource, UsedAddress } from './address-source.js'
export { createAddressAllocator } from './allocator.js'
export { isSameCluster, reservationNamespace } from './reservation.js'
export { formatRange, parseCandidates, withoutAll, type Candidates } from './candidates.js'
export { listAddressHolders } from './holders.js'
export {
  chooseAddressKeeping,
  detectAddressAdapter,
  keepsAddress,
  type AddressKeeping,
  type AddressRequest,
} from './keeping.js'
export { addressesIn, usedByPods } from './used-by-pods.js'
export { deleteAddressObject, takenObjectProblems, type AddressObject } from './host-object.js'
