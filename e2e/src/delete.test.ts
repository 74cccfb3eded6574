import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createCluster, openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import { inventory, quietInventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'

it('knest delete leaves the host and the kubeconfig as they were before', async () => {
  const home = createHome()
  const host = await openHost(home)
  const objectsBefore = await quietInventory(host)

  const cluster = await createCluster('e2e-delete', '--worker-machine-count', '1')
  const bytesBefore = readFileSync(home.kubeconfig)
  expect(await inventory(host)).not.toEqual(objectsBefore)
  await cluster.knest('delete', 'e2e-delete')

  expect(await inventory(host)).toEqual(objectsBefore)
  expect(readFileSync(cluster.home.kubeconfig)).toEqual(bytesBefore)
  expect(existsSync(cluster.kubeconfigPath)).toBe(false)

  const again = await runKnest(cluster.home, ['delete', 'e2e-delete', '--context', hostContext])
  expect(again.code, again.stderr).toBe(4)
  expect(again.stderr).toContain('there is no cluster "e2e-delete"')
  const tolerant = await runKnest(cluster.home, [
    'delete',
    'e2e-delete',
    '--ignore-not-found',
    '--context',
    hostContext,
  ])
  expect(tolerant.code, tolerant.stderr).toBe(0)
  cluster.home.remove()
  home.remove()
  host.close()
})
