/** Names of what belongs to a VM node; the VM and its VMI have the node's own. */

export function userdataSecret(node: string): string {
  return `${node}-userdata`
}

/** Of the DataVolume and of the claim it makes, or of the claim alone. */
export function rootDisk(node: string): string {
  return `${node}-root`
}

export function copyJob(node: string): string {
  return `${node}-root-copy`
}
