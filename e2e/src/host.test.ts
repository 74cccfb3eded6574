import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeApi } from '@knest/core'
import { never, openHost } from './support/cluster.js'
import { hostEngine, restartHost } from './support/host.js'
import { createHome, hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'

const foreign = process.env.KNEST_E2E_CONTEXT
if (foreign !== undefined) console.log(`skipped: knest host is not tested on the foreign host "${foreign}"`)

describe.skipIf(foreign !== undefined)('knest host', () => {
  let home: TestHome
  let host: KubeApi
  const marker = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'e2e-marker', namespace: 'default' },
  }

  beforeAll(async () => {
    home = createHome()
    host = await openHost(home)
    await host.apply({ ...marker, data: { kept: 'yes' } }, { signal: never })
  })
  afterAll(async () => {
    await host.delete(marker, 'e2e-marker', 'default', { signal: never })
    host.close()
    home.remove()
  })

  it('up is nothing to do when it is up', async () => {
    const outcome = await runKnest(home, ['host', 'up'])
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(outcome.stdout).toContain('is up already')
  })

  it('load puts an image into the host, which create then finds', async () => {
    const image = 'localhost/knest/node:e2e-copy'
    const program = await hostEngine(home)
    execFileSync(program, ['tag', 'localhost/knest/node:v1.35.4', image])
    try {
      const loaded = await runKnest(home, ['host', 'load', image])
      expect(loaded.code, loaded.stderr).toBe(0)
      const found = await runKnest(home, [
        'preflight',
        'e2e-image',
        '--image',
        image,
        '--context',
        hostContext,
      ])
      expect(found.code, found.stdout + found.stderr).toBe(0)
      const missing = await runKnest(home, ['host', 'load', 'localhost/knest/absent:v1'])
      expect(missing.code).toBe(4)
    } finally {
      execFileSync(program, ['untag', image, image])
    }
  })

  it('up brings the same host back after its container was stopped, with its data', async () => {
    await restartHost(home)
    const kept = await host.get(marker, 'e2e-marker', 'default', never)
    expect(kept?.data).toEqual({ kept: 'yes' })
  })
})
