import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { KnestError, type Finding } from 'knest'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-doctor-')))
  terminal.clusters.add(fakeStatus())
})

const dns: Finding = {
  severity: 'error',
  area: 'nested',
  reason: 'DnsDown',
  object: 'deployment/coredns',
  message: 'it was scaled to 0',
  cause: 'no pod of CoreDNS is ready',
  remedy: 'bring it back: `knest shell quickstart -- kubectl get pods`',
}
const paused: Finding = { ...dns, severity: 'note', reason: 'ClusterPaused', object: 'cluster/quickstart' }
const unseen = [{ what: 'nodes of the host', why: 'no answer within 6 s' }]

test.each([
  ['nothing', [], [], 0, 'no problems found\n'],
  ['a note', [paused], [], 0, '\nno problems found\n'],
  ['something', [dns], [], 1, '\n1 problem found\n'],
  ['several', [dns, { ...dns, reason: 'ProxyDown' }, paused], [], 1, '\n2 problems found\n'],
  [
    'not all that it looked for',
    [],
    unseen,
    3,
    'no problems found; what could not be looked at may be well or not (1)\n',
  ],
  ['something, and not all', [dns], unseen, 1, '(1)\n'],
] as const)('a doctor that finds %s', async (_, findings, missing, exitCode, end) => {
  terminal.clusters.diagnosis = { findings, unseen: missing }
  expect(await terminal.run('doctor', 'quickstart')).toBe(exitCode)
  expect(terminal.out.endsWith(end)).toBe(true)
  for (const { reason, object, cause } of findings)
    expect(terminal.out).toContain(`${reason} ${object}\n  cause:  ${cause}\n  remedy: `)
  for (const { what, why } of missing) expect(terminal.out).toContain(`not looked at: ${what}: ${why}\n`)
  expect(terminal.err).toBe('')
})

test('remedies repeat the flags that led to the host', async () => {
  terminal.clusters.diagnosis = { findings: [dns], unseen: [] }
  await terminal.run('doctor', 'quickstart', '--context', 'lab')
  expect(terminal.out).toContain('`knest shell quickstart --context lab -- kubectl get pods`')
})

test('-o json and -o name are for scripts', async () => {
  terminal.clusters.diagnosis = { findings: [dns, dns], unseen }
  expect(await terminal.run('doctor', 'quickstart', '-o', 'json')).toBe(1)
  expect(JSON.parse(terminal.out)).toEqual({ findings: [dns, dns], unseen })
  terminal.out = ''
  expect(await terminal.run('doctor', 'quickstart', '-o', 'name')).toBe(1)
  expect(terminal.out).toBe('DnsDown\n')
  expect(terminal.err).toBe('warning: not looked at: nodes of the host: no answer within 6 s\n')
})

test('without a name it is about the host', async () => {
  expect(await terminal.run('doctor')).toBe(0)
  expect(terminal.clusters.doctorRequest?.kubeconfig).toBeUndefined()
  expect(terminal.clusters.doctorRequest?.controllerImage).toMatch(/controller:v/)
})

test('a cluster that is not there is no diagnosis', async () => {
  expect(await terminal.run('doctor', 'absent')).toBe(4)
  expect(terminal.out).toBe('')
})

test.each([
  ['is this one', 'https://fake:6443', [{ reason: 'ProcessLimit', severity: 'warning' }]],
  ['is another one of that name', 'https://other:6443', []],
] as const)(
  'the machine is asked what it runs out of where its embedded host %s',
  async (_, server, expected) => {
    const { signal } = new AbortController()
    const warning = 'nearly used up: at its end nothing starts any more'
    const resource = { name: 'processes', capacity: 2048, used: 2000, requested: undefined, warning } as const
    terminal.host.current = { ...terminal.host.current, server, room: [resource] }
    await terminal.run('doctor', 'quickstart', '--context', 'knest-host')
    expect(await terminal.clusters.doctorRequest?.machine?.(signal)).toMatchObject(expected)
  },
)

test('a host that nobody reaches is an error, and no list of what was not seen', async () => {
  terminal.versionFault = new KnestError('host-unreachable', 'the host cannot be reached')
  expect(await terminal.run('doctor')).toBe(3)
  expect(terminal.out).toBe('')
  expect(terminal.err).toContain('error: the host cannot be reached\n')
})
