import { openHost } from './cluster.js'
import { createHome } from './home.js'
import { equipKubeVirt } from './kubevirt.js'

/** For vitest: sees to it that the host runs VMs for all test files of a run. */
export default async function setup(): Promise<() => void> {
  const home = createHome()
  const host = await openHost(home)
  const equipped = await equipKubeVirt(host)
  host.close()
  home.remove()
  if ('skipped' in equipped) throw new Error(equipped.skipped)
  process.env.KNEST_E2E_VM_FLAGS = JSON.stringify(equipped.createFlags)
  process.env.KNEST_E2E_PATIENCE = equipped.kind === 'stand-in/container' ? '1' : '10'
  return () => equipped.remove()
}
