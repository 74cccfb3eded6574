import { tmpdir } from 'node:os'
import type { ConnectionOverrides } from 'knest'
import { describe, expect, test } from 'vitest'
import { FakeTerminal } from './fake-deps.js'
import { worded } from './worded.js'

describe("kubectl's flags for the way to the host", () => {
  test.each<[string, ConnectionOverrides]>([
    ['--cluster c --user u', { cluster: 'c', user: 'u' }],
    ['-s https://a --tls-server-name n', { server: 'https://a', tlsServerName: 'n' }],
    ['--server=https://a --token t', { server: 'https://a', token: 't' }],
    ['--certificate-authority f', { certificateAuthority: 'f' }],
    ['--insecure-skip-tls-verify', { insecureSkipTlsVerify: true }],
    ['--insecure-skip-tls-verify=true', { insecureSkipTlsVerify: true }],
    ['--insecure-skip-tls-verify=false', {}],
    ['--client-certificate c --client-key k', { clientCertificate: 'c', clientKey: 'k' }],
    ['--as a --as-group g --as-group h --as-uid 7', { as: 'a', asGroups: ['g', 'h'], asUid: '7' }],
    ['--request-timeout 45s', { requestTimeoutMs: 45_000 }],
    ['--request-timeout 7', { requestTimeoutMs: 7_000 }],
    ['--request-timeout 0', {}],
    ['--token=', {}],
  ])('%s', async (flags, connection) => {
    for (const words of [
      ['list', ...flags.split(' ')],
      [...flags.split(' '), 'list'],
    ]) {
      const terminal = new FakeTerminal(tmpdir())
      expect(await terminal.run(...words), terminal.err).toBe(0)
      expect(terminal.opened).toEqual([{ context: undefined, kubeconfig: undefined, ...connection }])
    }
  })

  test('a duration that is none is a wrong use', async () => {
    const terminal = new FakeTerminal(tmpdir())
    expect(await terminal.run('list', '--request-timeout', 'soon')).toBe(2)
    expect(terminal.err).toContain('--request-timeout "soon" is not a duration')
  })

  test('a command that has a flag of the same name keeps it', async () => {
    const terminal = new FakeTerminal(tmpdir())
    expect(await terminal.run('host', 'role', 'team', '--user', 'jane', '--user', 'joe'), terminal.err).toBe(
      0,
    )
    expect(terminal.out).toContain('jane')
    expect(terminal.out).toContain('joe')
  })

  test('they are listed, and in no other help', async () => {
    const terminal = new FakeTerminal(tmpdir())
    expect(await terminal.run('options')).toBe(0)
    for (const flag of ['--context', '--as-group', '-s, --server', '--request-timeout', '--quiet'])
      expect(terminal.out).toContain(flag)
    const other = new FakeTerminal(tmpdir())
    await other.run('list', '--help')
    expect(other.out).not.toContain('--as-group')
    expect(other.out).toContain('--context')
  })

  test('they are repeated in what is offered, but for the token', () => {
    const connection = { server: 'https://a b', token: 'secret', as: 'jo', asGroups: ['x', 'y'] }
    const flags = "--server 'https://a b' --as jo --as-group x --as-group y"
    expect(worded('`knest list`', { connection })).toBe(`\`knest list ${flags}\``)
    expect(worded('`kubectl get pods`', { connection })).toBe(`\`kubectl get pods ${flags}\``)
    expect(
      worded('`knest list`', { connection: { insecureSkipTlsVerify: true, requestTimeoutMs: 500 } }),
    ).toBe('`knest list --insecure-skip-tls-verify --request-timeout 500ms`')
  })
})
