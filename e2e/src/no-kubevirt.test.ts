import { expect, it } from 'vitest'
import { openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import { inventory, quietInventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'
import { findKubeVirt } from './support/kubevirt.js'

it('knest create --backend vm on a host without KubeVirt says what to do, and makes nothing', async (context) => {
  const home = createHome()
  const host = await openHost(home)
  try {
    if ((await findKubeVirt(host)) !== undefined) return context.skip('the host has KubeVirt')
    const before = await quietInventory(host)
    const argv = ['create', 'e2e-none', '--backend', 'vm', '--context', hostContext]
    const outcome = await runKnest(home, argv)
    expect(outcome.code, outcome.stderr).toBe(3)
    expect(outcome.stderr.match(/^error: .*/gm)).toEqual([expect.stringContaining('has no KubeVirt')])
    expect(outcome.stderr).toMatch(/hint: .*knest host install kubevirt/)
    expect(await inventory(host)).toEqual(before)
  } finally {
    host.close()
    home.remove()
  }
})
