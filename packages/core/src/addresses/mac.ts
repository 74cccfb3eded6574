/**
 * QEMU's prefix and the lower three bytes of the address: the same address has the same MAC for ever,
 * so neighbours' caches stay right, and two addresses of one layer-2 network never share one.
 */
export function macOf(address: number): string {
  const bytes = [0x52, 0x54, 0x00, (address >>> 16) & 255, (address >>> 8) & 255, address & 255]
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
