import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knest-certs-'))
  terminal = new FakeTerminal(home)
  terminal.clusters.add(fakeStatus())
  terminal.clusters.certificateList = {
    renewBeforeDays: 30,
    certificates: [
      {
        node: 'quickstart-cp-0',
        name: 'apiserver',
        expires: '2026-12-31T00:00:00Z',
        daysLeft: 363,
        ca: 'ca',
        renewedBy: 'knest',
      },
    ],
    authorities: [{ name: 'ca', expires: '2036-01-01T00:00:00Z', daysLeft: 3651 }],
    unfinished: [],
    problems: [],
  }
})

/** The one certificate of the fake, with other values. */
function late(daysLeft: number): void {
  const { clusters } = terminal
  const [first] = clusters.certificateList.certificates
  if (first === undefined) throw new Error('the fake has a certificate')
  clusters.certificateList = { ...clusters.certificateList, certificates: [{ ...first, daysLeft }] }
}

test('a table as kubectl prints them', async () => {
  expect(await terminal.run('certs', 'quickstart')).toBe(0)
  expect(terminal.out).toBe(
    'NODE              CERTIFICATE   EXPIRES                DAYS-LEFT\n' +
      '<none>            ca            2036-01-01T00:00:00Z   3651\n' +
      'quickstart-cp-0   apiserver     2026-12-31T00:00:00Z   363\n',
  )
  expect(terminal.err).toBe('')
})

test('-o json is what scripts were promised', async () => {
  await terminal.run('certs', 'quickstart', '-o', 'json')
  expect(JSON.parse(terminal.out)).toEqual({
    name: 'quickstart',
    namespace: 'knest-quickstart',
    certificates: terminal.clusters.certificateList.certificates,
    authorities: terminal.clusters.certificateList.authorities,
    unfinished: [],
    problems: [],
  })
})

test('warns of what ends soon, and of nodes that are silent', async () => {
  late(-1)
  const { clusters } = terminal
  clusters.certificateList = {
    ...clusters.certificateList,
    problems: ['node "x" cannot be asked: it is pending'],
  }
  expect(await terminal.run('certs', 'quickstart')).toBe(0)
  expect(terminal.out).toContain('expired')
  expect(terminal.err).toBe(
    'warning: node "x" cannot be asked: it is pending\n' +
      'warning: 1 certificate ends within 30 days; renew with `knest certs quickstart --renew -n knest-quickstart`\n',
  )
})

test('--renew renews what is due and writes the kubeconfig', async () => {
  expect(await terminal.run('certs', 'quickstart', '--renew')).toBe(0)
  expect(terminal.out).toBe('no certificate of cluster "quickstart" ends within 30 days\n')
  expect(terminal.clusters.changes).toEqual(['renew knest-quickstart/quickstart'])
  expect(await readFile(join(home, '.kube', 'config'), 'utf8')).toContain('knest-quickstart')
})

test('--renew --all --no-merge', async () => {
  expect(await terminal.run('certs', 'quickstart', '--renew', '--all', '--no-merge')).toBe(0)
  expect(terminal.out).toBe('1 certificate of cluster "quickstart" renewed\n')
  await expect(readFile(join(home, '.kube', 'config'), 'utf8')).rejects.toThrow(/ENOENT/)
})

test('--dry-run changes nothing', async () => {
  expect(await terminal.run('certs', 'quickstart', '--renew', '--all', '--dry-run')).toBe(0)
  expect(terminal.out).toContain('Renew the certificates of "quickstart-cp-0"')
  terminal.out = ''
  await terminal.run('certs', 'quickstart', '--dry-run')
  expect(terminal.out).toBe('')
  expect(terminal.err).toContain('nothing to do')
  expect(terminal.clusters.changes).toEqual([])
})

test('an unknown cluster ends with 4', async () => {
  expect(await terminal.run('certs', 'absent')).toBe(4)
  expect(terminal.err).toContain('there is no cluster "absent"')
})
