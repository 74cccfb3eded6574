import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KnestError, NodeCommandError, PreflightError } from 'knest'
import { fakeStatus } from '@knest/testing'
import { describe, expect, test } from 'vitest'
import { FakeTerminal } from './fake-deps.js'

/** A terminal on which everybody has something to say. */
function talkative(): FakeTerminal {
  const terminal = new FakeTerminal(mkdtempSync(join(tmpdir(), 'knest-messages-')))
  terminal.clusters.add(fakeStatus())
  terminal.clusters.reachable = false
  terminal.clusters.problems = [{ severity: 'warning', message: 'little room', hint: 'see `knest list`' }]
  terminal.controller.found = undefined
  terminal.controller.fault = new KnestError('not-permitted', 'you may not')
  terminal.clusters.duringCreate = ({ progress }) => {
    progress.warn('slow')
    return Promise.resolve()
  }
  terminal.files.set(
    'a.yaml',
    'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: a}\nspec: {network: {podCidr: 10.9.0.0/16}}\n',
  )
  return terminal
}

const faults = [
  new KnestError('timeout', 'took long', { hint: 'see `knest list`', cause: new Error('deep') }),
  new NodeCommandError('a-cp-0', ['kubeadm'], 1, 'line 1\nline 2\n'),
  new PreflightError('config', [{ severity: 'error', message: 'bad', hint: 'cure' }]),
  new Error('a mistake'),
]

const runs: readonly (readonly [command: string, fault: Error | undefined])[] = [
  ...[
    ...[
      'create a --timing',
      'create a --no-merge',
      'create --from a.yaml',
      'create a --dry-run',
      'apply -f a.yaml',
    ],
    ...[
      'scale quickstart 1:2',
      'scale quickstart 1:1 --dry-run',
      'certs quickstart',
      'certs quickstart --renew',
    ],
    ...[
      'kubeconfig quickstart',
      'kubeconfig quickstart --merge',
      'list',
      'status quickstart',
      'heal quickstart',
    ],
    ...[
      'preflight a',
      'render --from a.yaml',
      'render a --standalone',
      'host up',
      'host status',
      'host down',
    ],
    ...['delete quickstart --timing', 'pause quickstart', 'host install kubevirt'],
    ...[
      'no-such-command',
      'create --no-such-flag',
      'create a b c',
      'host',
      'status absent',
      'create x --progress wrong',
    ],
  ].map((command) => [command, undefined] as const),
  ...faults.map((fault) => ['list --verbose', fault] as const),
]

describe('--progress json', () => {
  test.each(runs)('%s: all of standard error is JSON lines (%s)', async (command, fault) => {
    for (const more of [[], ['-q']]) {
      const terminal = talkative()
      terminal.clusters.fault = fault
      await terminal.run('--progress', 'json', ...command.split(' '), ...more)
      const lines = terminal.err.split('\n').slice(0, -1)
      if (terminal.err !== '') expect(terminal.err).toMatch(/\n$/)
      for (const line of lines)
        expect(JSON.parse(line)).toMatchObject({
          event: expect.any(String) as string,
          elapsedMs: expect.any(Number) as number,
        })
    }
  })

  test('says what an error is made of', async () => {
    const terminal = talkative()
    terminal.clusters.fault = faults[0]
    expect(await terminal.run('list', '--progress=json', '--verbose', '-n', 'team')).toBe(6)
    expect(JSON.parse(terminal.err)).toEqual({
      elapsedMs: 0,
      event: 'error',
      code: 'timeout',
      exitCode: 6,
      text: 'took long',
      hint: 'see `knest list -n team`',
      causes: ['deep'],
    })
  })
})

describe('-q', () => {
  test.each(
    runs.filter(
      ([command, fault]) =>
        fault === undefined &&
        !/^(no-|create --no|create a b|host$|status absent)|wrong|--timing/.test(command),
    ),
  )('leaves out what is no error: %s', async (command) => {
    const terminal = talkative()
    const code = await terminal.run(...command.split(' '), '-q')
    expect(terminal.err).toMatch(code === 0 ? /^$/ : /^error: /)
  })
})

describe('an empty flag is none, as for kubectl', () => {
  test.each(['--context', '--kubeconfig', '-n', '--namespace', '--target-namespace'])('%s', async (flag) => {
    const [bare, terminal] = [talkative(), talkative()]
    expect(await bare.run('create', 'a')).toBe(0)
    expect(await terminal.run('create', 'a', flag, '')).toBe(0)
    expect(terminal.err).toBe(bare.err)
    expect(terminal.opened).toEqual([{}])
  })
})
