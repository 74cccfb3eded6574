import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerEngine } from '../engine/engine.js'
import { networkName } from '../engine/names.js'
import type { ProgramResult } from '../engine/program.js'

const leases = '/var/lib/cni/networks'

/** podman with CNI keeps leases in files, which a killed podman or a machine that lost power leaves behind. */
export function isStaleLease({ name }: Pick<ContainerEngine, 'name'>, { stderr }: ProgramResult): boolean {
  return name === 'podman' && /requested IP address \S+ is not available/.test(stderr)
}

/** Only the one container asks for this address of the cluster's own network. podman may have freed it after its failure. */
export async function releaseStaleAddress(
  cluster: string,
  address: string,
  directory = leases,
): Promise<void> {
  await rm(join(directory, networkName(cluster), address), { force: true })
}
