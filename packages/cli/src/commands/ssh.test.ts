import { tmpdir } from 'node:os'
import type { TerminalStreams } from 'knest'
import { beforeEach, describe, expect, test } from 'vitest'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal

beforeEach(() => {
  terminal = new FakeTerminal(tmpdir())
  terminal.clusters.add(fakeStatus())
})

describe('ssh', () => {
  test('runs a command and gives its output and exit code', async () => {
    terminal.clusters.onExec = () => Promise.resolve({ exitCode: 7, stdout: 'out', stderr: 'err' })
    expect(await terminal.run('ssh', 'quickstart', 'quickstart-cp-0', '--', 'ls', '-n', 'x')).toBe(7)
    expect(terminal.out).toBe('out')
    expect(terminal.err).toBe('err')
    expect(terminal.clusters.executed).toEqual([
      { node: 'quickstart-cp-0', argv: ['ls', '-n', 'x'], stdin: undefined },
    ])
    expect(terminal.closed).toBe(1)
  })

  test('takes a node without the name of its cluster, and passes standard input on when asked', async () => {
    terminal.stdin = 'hello'
    expect(await terminal.run('ssh', '-i', 'quickstart', 'worker-0', '--', 'cat')).toBe(0)
    expect(terminal.clusters.executed).toEqual([
      { node: 'quickstart-worker-0', argv: ['cat'], stdin: 'hello' },
    ])
  })

  test.each([
    ['worker-0', 'worker-worker-0'],
    ['worker-worker-0', 'worker-worker-0'],
    ['cp-0', 'worker-cp-0'],
  ])('of a cluster "worker", %s is %s', async (node, full) => {
    terminal.clusters.add(fakeStatus({ name: 'worker', namespace: 'knest-worker' }))
    expect(await terminal.run('ssh', 'worker', node, '--', 'ls')).toBe(0)
    expect(terminal.clusters.executed).toMatchObject([{ node: full }])
    expect(await terminal.run('ssh', 'worker', 'worker-9', '--', 'ls')).toBe(4)
    expect(terminal.err).toContain('has no node "worker-9"')
  })

  test('opens a terminal without a command', async () => {
    terminal.terminal = {} as TerminalStreams
    expect(await terminal.run('ssh', 'quickstart', 'cp-0')).toBe(3)
    expect(terminal.clusters.executed).toEqual([
      { node: 'quickstart-cp-0', argv: ['bash', '-l'], stdin: 'terminal' },
    ])
  })

  test('wants a terminal or a command', async () => {
    expect(await terminal.run('ssh', 'quickstart', 'cp-0')).toBe(2)
    expect(terminal.err).toContain('knest ssh quickstart cp-0 -- COMMAND')
    expect(terminal.opened).toEqual([])
  })

  test('says how to write what is missing or out of place', async () => {
    expect(await terminal.run('ssh')).toBe(2)
    expect(await terminal.run('ssh', 'quickstart')).toBe(2)
    expect(terminal.err).toContain('knest status quickstart')
    expect(await terminal.run('ssh', 'quickstart', 'cp-0', 'ls')).toBe(2)
    expect(terminal.err).toContain('knest ssh quickstart cp-0 -- ls')
  })

  test('Ctrl-C lets go of the command', async () => {
    terminal.clusters.onExec = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
        terminal.signal()
      })
    expect(await terminal.run('ssh', 'quickstart', 'cp-0', '--', 'sleep', '9')).toBe(130)
  })
})

describe('standard output', () => {
  const fail = (code: string) => () =>
    Promise.reject(Object.assign(new Error(`write ${code}`), { code, syscall: 'write' }))

  test('whose reader has gone ends the command without a word', async () => {
    terminal.clusters.onExec = fail('EPIPE')
    expect(await terminal.run('ssh', 'quickstart', 'cp-0', '--', 'yes')).toBe(141)
    expect(terminal.err).toBe('')
  })

  test('that takes no more for another reason is an error', async () => {
    terminal.clusters.onExec = fail('ENOSPC')
    expect(await terminal.run('ssh', 'quickstart', 'cp-0', '--', 'yes')).toBe(3)
    expect(terminal.err).toBe('error: standard input or output failed: write ENOSPC\n')
  })
})
