import { tmpdir } from 'node:os'
import { beforeEach, expect, test, vi } from 'vitest'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal
beforeEach(() => {
  terminal = new FakeTerminal(tmpdir())
  terminal.clusters.add(fakeStatus())
})

/** Stops the command as soon as it has said that it forwards. */
async function stopped(...words: readonly string[]): Promise<number> {
  const ended = terminal.run('open', 'quickstart', ...words)
  await vi.waitFor(() => expect(terminal.err).not.toBe(''), 15_000)
  terminal.signal()
  return ended
}

test('prints nothing but the URL, forwards until it is stopped, and ends without a word', async () => {
  expect(await stopped('svc/web')).toBe(130)
  expect(terminal.out).toBe('http://127.0.0.1:32768\n')
  expect(terminal.err).toBe('Forwarding to port 80 of Service "web" of cluster "quickstart" until Ctrl-C\n')
  expect([terminal.clusters.closedPorts, terminal.closed]).toEqual([1, 1])
})

test('ends where a load balancer is reached', async () => {
  terminal.clusters.opened = { url: 'http://10.0.0.9:80', isForwarded: false }
  expect(await terminal.run('open', 'quickstart', 'svc/web')).toBe(0)
  expect([terminal.out, terminal.err]).toEqual(['http://10.0.0.9:80\n', ''])
})

test('says which of several ports it is', async () => {
  terminal.clusters.opened = { isForwarded: false, port: '80 (http)', otherPorts: ['443 (https)'] }
  await terminal.run('open', 'quickstart', 'svc/web')
  expect(terminal.err).toBe('note: Service "web" has ports 80 (http), 443 (https); this is 80 (http)\n')
})

test('ends with who reads it', async () => {
  const deps = terminal.deps()
  const { main } = await import('../main.js')
  const ended = main(['open', 'quickstart', 'svc/web'], deps)
  await vi.waitFor(() => expect(terminal.err).not.toBe(''), 15_000)
  deps.streams.stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }))
  expect(await ended).toBe(141)
  expect(terminal.clusters.closedPorts).toBe(1)
})

test('warns of connections that fail, and of the same once in a row', async () => {
  terminal.clusters.opened = { isForwarded: false }
  await terminal.run('open', 'quickstart', 'svc/web')
  const { onError } = terminal.clusters.portRequest ?? {}
  for (const word of ['a', 'a', 'b', 'a']) onError?.(new Error(word))
  expect(terminal.err).toBe('warning: a\nwarning: b\nwarning: a\n')
})

test.each<[string, object]>([
  ['svc/web', { kind: 'Service', name: 'web', port: undefined }],
  ['service/web:http', { kind: 'Service', name: 'web', port: 'http' }],
  ['Services/web:80', { kind: 'Service', name: 'web', port: '80' }],
  ['deployment.apps/web', { kind: 'Deployment', name: 'web' }],
  ['sts/web', { kind: 'StatefulSet', name: 'web' }],
  ['ds/web', { kind: 'DaemonSet', name: 'web' }],
  ['rs/web', { kind: 'ReplicaSet', name: 'web' }],
  ['po/web.1:8080', { kind: 'Pod', name: 'web.1', port: '8080' }],
])('%s is understood as kubectl would', async (target, request) => {
  terminal.clusters.opened = { isForwarded: false }
  expect(await terminal.run('open', 'quickstart', target)).toBe(0)
  expect(terminal.clusters.portRequest).toMatchObject(request)
})

test('takes where to look, where to listen and how long to wait', async () => {
  terminal.clusters.opened = { isForwarded: false }
  const where = ['--nested-namespace', 'team', '--address', '::1', '--local-port', '8080']
  expect(await terminal.run('open', 'quickstart', 'svc/web', ...where, '--pod-running-timeout', '5m')).toBe(0)
  expect(terminal.clusters.portRequest).toMatchObject({
    namespace: 'team',
    localAddress: '::1',
    localPort: 8080,
    podTimeoutMs: 300_000,
  })
})
