/** What only VM nodes know; everything has a default. */
export interface VmNodeOptions {
  /**
   * Boots this kernel instead of the boot loader of the disk: a container image with both files, and the
   * kernel's arguments (KubeVirt's `firmware.kernelBoot`).
   */
  readonly kernelBoot?: KernelBoot | undefined
  /** For tests; `/run/knest/jobs` in a node. */
  readonly jobsFolder?: string | undefined
}

interface KernelBoot {
  readonly image: string
  readonly kernelPath: string
  readonly initrdPath: string
  readonly args: string
}
