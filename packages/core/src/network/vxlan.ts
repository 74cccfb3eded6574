/** Bytes that VXLAN over IPv4 takes of each packet. */
export const vxlanOverhead = 50
