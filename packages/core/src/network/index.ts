export {
  addressCount,
  cidrAround,
  contains,
  firstHost,
  formatAddress,
  nthAddress,
  overlaps,
  parseAddress,
  parseAddressRange,
  parseCidr,
  primaryRange,
  rangeToCidrs,
  type AddressRange,
  type Cidr,
} from './cidr.js'
export { chooseTunnel, type Tunnel } from './choose-tunnel.js'
export { detectHostNetwork, type HostNetwork } from './detect.js'
export { findOverlaps } from './find-overlaps.js'
