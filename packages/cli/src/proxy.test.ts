import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeStatus } from '@knest/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeTerminal } from './fake-deps.js'

let terminal: FakeTerminal
let server: string
let host: string
beforeEach(async () => {
  terminal = new FakeTerminal(mkdtempSync(join(tmpdir(), 'knest-proxy-')))
  terminal.clusters.add(fakeStatus())
  server = (await terminal.clusters.kubeconfig(fakeStatus())).server
  host = new URL(server).hostname
})

const proxied = { HTTPS_PROXY: 'http://user:secret@proxy.test:3128' }

describe('a proxy between kubectl and a nested cluster', () => {
  test.each([
    ['create a', 0],
    ['create a --no-merge', 0],
    ['apply -f a.yaml', 0],
    ['kubeconfig quickstart', 0],
    ['kubeconfig quickstart --merge', 0],
  ])('is told by knest %s', async (command, code) => {
    terminal.files.set('a.yaml', 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: a}\n')
    Object.assign(terminal.env, proxied)
    expect(await terminal.run(...command.split(' '))).toBe(code)
    expect(terminal.err).toContain(
      `through the proxy of the environment: add ${host} to NO_PROXY, or use \`knest shell`,
    )
    expect(terminal.err).not.toContain('secret')
  })

  test.each([
    ['none', {}],
    ['one for other servers', { HTTP_PROXY: 'http://proxy.test:3128' }],
    ['all are excepted', { ...proxied, NO_PROXY: '*' }],
    ['its range is excepted', { https_proxy: proxied.HTTPS_PROXY, no_proxy: 'corp.test,10.0.0.0/8' }],
  ])('%s: not a word', async (_name, env) => {
    Object.assign(terminal.env, env)
    expect(await terminal.run('create', 'a')).toBe(0)
    expect(terminal.err).not.toContain('NO_PROXY')
  })

  test.each([
    ['none', {}, undefined],
    ['no list', proxied, () => host],
    ['a list', { ...proxied, NO_PROXY: 'corp.test' }, () => `corp.test,${host}`],
    ['a list in small letters', { ...proxied, no_proxy: 'corp.test' }, () => `corp.test,${host}`],
    ['a list with it', { ...proxied, NO_PROXY: '10.0.0.0/8' }, () => '10.0.0.0/8'],
  ])('is gone around in knest shell: %s', async (_name, env, expected) => {
    Object.assign(terminal.env, env)
    await terminal.run('shell', 'quickstart', '--', 'true')
    expect(terminal.spawned[0]?.env.NO_PROXY).toBe(expected?.())
    if ((expected?.() ?? '').includes(host)) expect(terminal.spawned[0]?.env.no_proxy).toBe(expected?.())
  })
})
