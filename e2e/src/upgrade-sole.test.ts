import { beforeAll, describe, expect, it } from 'vitest'
import { createCluster } from './support/cluster.js'
import { readProof, writeProof, written } from './support/proof.js'
import { expectUpgraded, killIn, upgrade } from './support/upgrading.js'
import { flagsOf, from, needImages, to } from './support/versions.js'

const foreign = process.env.KNEST_E2E_CONTEXT
if (foreign !== undefined)
  console.log(`skipped: upgrades: the foreign host "${foreign}" gets no images from here`)
const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong)
  console.log('skipped: an upgrade of a persistent control plane: hack/test --long has time for it')

describe.skipIf(foreign !== undefined)('a sole control plane', () => {
  beforeAll(() => needImages(from, to))

  it.each([
    ['ephemeral', [], []],
    ...(isLong ? [['persistent', ['--persistent'], ['--max-surge', '1']] as const] : []),
  ] as const)('keeps its data and comes back with the new version: %s', async (kind, flags, pace) => {
    const name = `e2e-upgrade-${kind}`
    const cluster = await createCluster(name, ...flagsOf(from), ...flags)
    try {
      await writeProof(cluster.api)
      const killed = await killIn(cluster, /Upgrade control plane ".*-cp-0" to .* \.\.\./, 6_000)
      expect(killed.signal, killed.stderr).toBe('SIGKILL')
      await cluster.knest(...upgrade(cluster, ...pace))
      await expectUpgraded(cluster, [`${name}-cp-0`, `${name}-worker-0`])
      expect(await readProof(await cluster.reopen())).toEqual(written)
    } finally {
      await cluster.remove()
    }
  })
})
