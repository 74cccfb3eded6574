import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KnestError } from 'knest'
import { fakeStatus } from '@knest/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal
beforeEach(() => {
  terminal = new FakeTerminal(mkdtempSync(join(tmpdir(), 'knest-interrupted-')))
  terminal.clusters.add(fakeStatus())
})

/** Ctrl-C while something is asked for the `nth` time. */
function leaveAt(method: 'status' | 'kubeconfig', nth: number): void {
  const { clusters } = terminal
  const asked = clusters[method].bind(clusters) as () => Promise<never>
  let count = 0
  const answer = (...args: readonly unknown[]): Promise<never> => {
    count += 1
    if (count !== nth) return asked(...(args as []))
    terminal.signal()
    return Promise.reject(new KnestError('cancelled', 'cancelled'))
  }
  Object.assign(clusters, { [method]: answer })
}

describe('Ctrl-C behind the work says what was changed', () => {
  test.each([
    ['create a -o json', 'status', 1, 'interrupted: cluster "a" is created'],
    ['create b -o yaml', 'status', 1, 'interrupted: cluster "b" is created'],
    [
      'certs quickstart --renew',
      'kubeconfig',
      1,
      'of cluster "quickstart" renewed, and not the kubeconfig on this machine: `knest kubeconfig quickstart --merge`',
    ],
  ] as const)('knest %s', async (command, method, nth, said) => {
    leaveAt(method, nth)
    expect(await terminal.run(...command.split(' '))).toBe(130)
    expect(terminal.err).toContain(said)
    expect(terminal.err).not.toContain('nothing was changed')
    expect(terminal.clusters.changes).not.toEqual([])
  })

  test('delete', async () => {
    terminal.identity = () => ({
      context: 'fake',
      server: 'https://fake:6443',
      uid: () => {
        terminal.signal()
        return Promise.reject(new KnestError('cancelled', 'cancelled'))
      },
    })
    expect(await terminal.run('delete', 'quickstart')).toBe(130)
    expect(terminal.err).toContain(
      'interrupted: cluster "quickstart" is deleted, and its context may be left',
    )
  })

  test('before it, that nothing was', async () => {
    leaveAt('status', 1)
    expect(await terminal.run('status', 'quickstart')).toBe(130)
    expect(terminal.err).toBe('error: interrupted: nothing was changed\n')
  })
})

describe('status --watch', () => {
  /** The looks after the first one; the cluster is gone behind them. */
  function looks(...faults: readonly (KnestError | undefined)[]): void {
    let look = 0
    terminal.pause = async () => {
      terminal.clusters.fault = faults[look]
      look += 1
      if (look > faults.length) await terminal.clusters.delete(fakeStatus())
      else terminal.clusters.add({ ...fakeStatus(), phase: look % 2 === 0 ? 'Ready' : 'Scaling' })
    }
  }
  const refused = new KnestError('host-unreachable', 'connection refused')

  test.each([
    ['of nothing', [undefined, undefined], []],
    ['of one refused connection', [undefined, refused, undefined], [refused.message]],
    ['once of many in a row', [refused, new KnestError('timeout', 'slow'), refused], [refused.message]],
    ['again when it happens again', [refused, undefined, refused], [refused.message, refused.message]],
  ])('goes on and warns %s', async (_name, faults, told) => {
    looks(...faults)
    expect(await terminal.run('status', 'quickstart', '--watch')).toBe(0)
    const warnings = told.map((message) => `warning: ${message}; it is tried again\n`).join('')
    expect(terminal.err).toBe(`${warnings}cluster "quickstart" is gone\n`)
  })

  test('ends with what does not go away', async () => {
    looks(new KnestError('not-permitted', 'you may not'))
    expect(await terminal.run('status', 'quickstart', '--watch')).toBe(3)
  })

  test.each([
    ['yaml', /^---$/m],
    ['json', /^}\n\{$/m],
    ['wide', /^$/m],
  ])('-o %s is a stream that programs can read', async (format, between) => {
    for (const isTty of [false, true]) {
      if (isTty && format === 'wide') continue
      terminal.out = ''
      terminal.outIsTty = isTty
      terminal.clusters.fault = undefined
      terminal.clusters.add(fakeStatus())
      looks(undefined)
      expect(await terminal.run('status', 'quickstart', '--watch', '-o', format)).toBe(0)
      expect(terminal.out).toMatch(between)
      expect(terminal.out).not.toContain('\u001b')
    }
  })

  test('is left without a word', async () => {
    terminal.pause = () => {
      terminal.signal()
      return Promise.reject(new KnestError('cancelled', 'cancelled'))
    }
    expect(await terminal.run('status', 'quickstart', '--watch')).toBe(130)
    expect(terminal.err).toBe('')
  })
})

describe('flags that contradict each other are refused', () => {
  test.each([
    ['list -n a --target-namespace b', '--namespace is "a" and --target-namespace is "b"'],
    [
      'create --from a.yaml --cluster-template b.yaml',
      '--from is "a.yaml" and --cluster-template is "b.yaml"',
    ],
    ['create --from a.yaml --from b.yaml', '--from is "a.yaml" and --from is "b.yaml"'],
    ['apply -f a.yaml -f b.yaml', '--filename is "a.yaml" and --filename is "b.yaml"'],
    ['render -f a.yaml -f b.yaml', '--filename is "a.yaml" and --filename is "b.yaml"'],
    ['render -f a.yaml --from b.yaml', '--from is "b.yaml" and --filename is "a.yaml"'],
    ['plan -f a.yaml --filename b.yaml', '--filename is "a.yaml" and --filename is "b.yaml"'],
    [
      'create a --host-cluster-cni calico --persistent-host-cluster-cni kube-ovn',
      '--host-cluster-cni is "calico"',
    ],
    ['create a --no-merge --switch-context', '--switch-context has no meaning with --no-merge'],
    ['apply -f a.yaml --no-merge --switch-context', '--switch-context has no meaning with --no-merge'],
    ['render a --standalone --include-crd', '--include-crd has no meaning'],
  ])('knest %s', async (command, said) => {
    expect(await terminal.run(...command.split(' '))).toBe(2)
    expect(terminal.err).toContain(`error: ${said}`)
    expect(terminal.opened).toEqual([])
  })

  test.each(['list -n a --target-namespace a', 'list -n a -n b', 'list --context a --context b'])(
    'and those that do not are taken as by kubectl: knest %s',
    async (command) => {
      expect(await terminal.run(...command.split(' '))).toBe(0)
    },
  )
})
