import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHome, hostContext, type TestHome } from './support/home.js'
import { runKnest } from './support/knest.js'
import {
  compile,
  copyFile,
  exec,
  installNode,
  installTarballs,
  nodeVersions as versions,
  packAll,
  withNode,
} from './support/package-install.js'

const isLong = process.env.KNEST_TEST_LONG !== undefined
if (!isLong) console.log('clusters by `npx knest` and on each Node.js: only with hack/test --long')

describe('the packages, installed from tarballs without the repository', () => {
  let home: TestHome
  let folder: string
  let scratch: string
  const nodes = new Map<string, string>()
  const sdk = 'e2e-sdk'

  beforeAll(async () => {
    home = createHome()
    scratch = mkdtempSync(join(tmpdir(), 'knest-packages-'))
    folder = join(scratch, 'project')
    const packed = join(scratch, 'packed')
    mkdirSync(packed)
    await installTarballs(folder, await packAll(packed))
    for (const version of versions) nodes.set(version, await installNode(join(scratch, version), version))
    copyFile('examples/sdk/cluster.ts', folder)
    await compile(folder, 'cluster.ts')
  })
  afterAll(async () => {
    for (const name of [sdk, 'e2e-npx']) {
      await runKnest(home, ['delete', name, '--ignore-not-found', '--context', hostContext])
    }
    rmSync(scratch, { recursive: true, force: true })
    home.remove()
  })

  const on = (version: string): NodeJS.ProcessEnv => withNode(nodes.get(version) ?? '', home.env)
  const npx = (version: string, ...args: readonly string[]): Promise<string> =>
    exec('npx', ['knest', ...args], { cwd: folder, env: on(version) })

  it('has nothing of the repository', () => {
    for (const name of ['core', 'knest']) {
      const root = name === 'knest' ? name : `@knest/${name}`
      expect(existsSync(join(folder, 'node_modules', root, 'dist'))).toBe(true)
      expect(existsSync(join(folder, 'node_modules', root, 'src'))).toBe(false)
    }
    for (const name of ['@knest/testing', '@knest/cli', 'vitest', 'esbuild', 'commander']) {
      expect(existsSync(join(folder, 'node_modules', name)), name).toBe(false)
    }
  })

  it.each(versions)('imports and runs on Node.js %s', async (version) => {
    const env = on(version)
    expect((await exec('node', ['--version'], { cwd: folder, env })).trim()).toBe(`v${version}`)
    const doors = ['', '/spec', '/kube', '/manifests', '/pod', '/vm', '/embedded'].map(
      (door) => `knest${door}`,
    )
    const script = `for (const door of ${JSON.stringify(doors)}) {
      const names = Object.keys(await import(door))
      if (names.length === 0) throw new Error(door + ' exports nothing')
    }
    console.log('imported')`
    const imported = await exec('node', ['--input-type=module', '--eval', script], { cwd: folder, env })
    expect(imported).toBe('imported\n')
    expect(await npx(version, '--version')).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(await npx(version, 'list', '--context', hostContext, '-o', 'json')).toContain('[')
  })

  it.each(isLong ? versions : versions.slice(-1))(
    'makes a cluster by the SDK on Node.js %s',
    async (version) => {
      const said = await exec('node', ['cluster.js', hostContext, sdk], { cwd: folder, env: on(version) })
      expect(said).toMatch(/^created on context/)
      expect(said).toContain(`Ready: ${sdk}-cp-0\n`)
      expect(said).toMatch(/^0 clusters are left$/m)
    },
  )

  it('runs the SDK’s example as it is where Node.js knows types and `await using`', async ({ skip }) => {
    if (!isLong) skip('only with hack/test --long: it makes the cluster of the test before')
    const said = await exec('node', ['cluster.ts', hostContext, sdk], { cwd: folder, env: on('24.9.0') })
    expect(said).toContain(`Ready: ${sdk}-cp-0\n`)
  })

  it.each(isLong ? versions : [])('makes and deletes a cluster by npx on Node.js %s', async (version) => {
    const where = ['--context', hostContext]
    const flags = ['--worker-machine-count', '0', '--no-controller', ...where]
    expect(await npx(version, 'create', 'e2e-npx', ...flags)).toBe('cluster "e2e-npx" created\n')
    expect(await npx(version, 'list', '-o', 'name', ...where)).toContain('e2e-npx')
    expect(await npx(version, 'delete', 'e2e-npx', ...where)).toBe('cluster "e2e-npx" deleted\n')
  })
})
