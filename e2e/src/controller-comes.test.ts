import { expect, it } from 'vitest'
import { openHost } from './support/cluster.js'
import { createHome, hostContext } from './support/home.js'
import { inventory, quietInventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'
import { secondsUntil } from './support/until.js'

it('knest create brings a controller, and the last delete leaves nothing of it', async () => {
  const home = createHome()
  const host = await openHost(home)
  const before = await quietInventory(host)
  const names = ['e2e-comes-a', 'e2e-comes-b']
  const run = async (...argv: readonly string[]): Promise<void> => {
    const outcome = await runKnest(home, [...argv, '--context', hostContext], { controller: true })
    expect(outcome.code, outcome.stderr).toBe(0)
  }
  const works = async (): Promise<boolean> => {
    const kind = { apiVersion: 'apps/v1', kind: 'Deployment' }
    const found = await host.get(kind, 'knest-controller', 'knest-system', new AbortController().signal)
    return (found?.status as { readyReplicas?: number } | undefined)?.readyReplicas === 1
  }
  try {
    for (const name of names) await run('create', name, '--worker-machine-count', '0')
    await secondsUntil(works, 60, 'the controller to work')
    await run('delete', 'e2e-comes-a')
    expect(await works()).toBe(true)
  } finally {
    for (const name of names) await run('delete', name, '--ignore-not-found')
  }
  expect(await inventory(host)).toEqual(before)
  host.close()
  home.remove()
})
