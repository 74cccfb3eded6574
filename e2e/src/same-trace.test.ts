import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exec, installNode, nodeVersions } from './support/package-install.js'

// With the older faults, with all of those of pods, and with VMs; with a controller and without.
const seeds = ['7', '56', '100001', '200124', '1795972004']
const repository = fileURLToPath(new URL('../..', import.meta.url))
const bundle = join(repository, 'node_modules', '.cache', 'knest', 'same-trace.mjs')
const nodes = new Map<string, string>()
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'knest-same-trace-'))
  const script = `import { bundleWorld } from './hack/bundle-world.mjs'
    await bundleWorld(${JSON.stringify(repository)}, ${JSON.stringify(bundle)})`
  await exec(process.execPath, ['--input-type=module', '-e', script], { cwd: repository })
  for (const version of nodeVersions) nodes.set(version, await installNode(join(scratch, version), version))
})
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
  rmSync(bundle, { force: true })
})

it.each(seeds)('the story of seed %s is the same on every Node.js, byte for byte', async (seed) => {
  const [first, ...others] = await Promise.all(
    nodeVersions.map((version) =>
      exec(nodes.get(version) ?? '', [bundle, '--seed', seed, '--trace'], { cwd: repository }),
    ),
  )
  expect(first?.split('\n').length).toBeGreaterThan(100)
  for (const told of others) expect(told).toBe(first)
})
