import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { badInputCases } from '@knest/testing'
import type { BadInput } from '@knest/testing'
import type { KubeApi } from 'knest'
import { createCluster, openHost } from './support/cluster.js'
import type { TestCluster } from './support/cluster.js'
import { hostContext } from './support/home.js'
import type { TestHome } from './support/home.js'
import { inventory } from './support/inventory.js'
import { runKnest } from './support/knest.js'

/** The cases that the CLI's unit tests run against a fake, here against the real host. */
// The cases say "quickstart", which the person at this machine may have.
const existing = 'e2e-there'

describe('bad input', () => {
  let home: TestHome
  let host: KubeApi
  let quickstart: TestCluster
  let before: readonly string[]

  beforeAll(async () => {
    quickstart = await createCluster(existing, '--worker-machine-count', '1')
    home = quickstart.home
    host = await openHost(home)
    before = await inventory(host, [existing])
    writeFileSync(join(home.path, 'forbidden'), kubeconfigOf(host, { token: 'of-nobody' }))
    writeFileSync(join(home.path, 'unreachable'), kubeconfigOf('https://127.0.0.1:1', { token: 'of-nobody' }))
  })
  afterAll(async () => {
    host.close()
    await quickstart.remove()
  })

  const extra = ({ situation }: BadInput): readonly string[] => {
    if (situation === 'no such context') return []
    if (situation === 'host unreachable') return ['--kubeconfig', join(home.path, 'unreachable')]
    if (situation === 'host forbids') return ['--kubeconfig', join(home.path, 'forbidden')]
    if (situation === 'no image')
      return ['--context', hostContext, '--image', 'localhost/knest/absent:v1.35.4']
    return ['--context', hostContext]
  }

  it.each(badInputCases)('$name', async (bad) => {
    const file = join(home.path, 'cluster.yaml')
    writeFileSync(file, bad.file ?? '')
    const argv = bad.argv.map((word) => word.replace('{file}', file).replace(/^quickstart$/, existing))
    const [verb = '', ...rest] = argv
    const outcome = await runKnest(home, [verb, ...extra(bad), ...rest])
    const errors = outcome.stderr.match(/^error: .*$/gm) ?? []
    expect(errors, outcome.stderr).toHaveLength(1)
    expect(errors[0]?.replaceAll(existing, 'quickstart')).toMatch(bad.message)
    expect(outcome.code, outcome.stderr).toBe(bad.exitCode)
    expect(outcome.stdout).toBe('')
  })

  it('has created nothing', async () => {
    expect(await inventory(host, [existing])).toEqual(before)
  })
})

/** A kubeconfig for somebody the host does not know, or for a host that is not there. */
function kubeconfigOf(host: KubeApi | string, user: object): string {
  const server = typeof host === 'string' ? host : (host as KubeApi & { readonly server: string }).server
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  })
}
