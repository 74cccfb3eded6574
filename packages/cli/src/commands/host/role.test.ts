import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { FakeTerminal } from '../../fake-deps.js'

let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-role-')))
  terminal.hostFault = new Error('no host must be asked')
})

const role = (...words: readonly string[]): Promise<number> => terminal.run('host', 'role', ...words)
const documents = (): readonly Record<string, unknown>[] =>
  (parseAllDocuments(terminal.out) as { toJS(): Record<string, unknown> }[]).map((each) => each.toJS())

describe('host role', () => {
  test('prints a Role and who has it, and asks no host', async () => {
    expect(await role('team', '--user', 'jane', '--group', 'devs', '--serviceaccount', 'ci:bot')).toBe(0)
    expect(documents()).toMatchObject([
      { kind: 'Role', metadata: { namespace: 'team' } },
      { kind: 'RoleBinding', subjects: [{ kind: 'User', name: 'jane' }] },
      { kind: 'RoleBinding', subjects: [{ kind: 'Group', name: 'devs' }] },
      { kind: 'RoleBinding', subjects: [{ kind: 'ServiceAccount', namespace: 'ci', name: 'bot' }] },
    ])
    expect(terminal.err).toBe('')
    expect(terminal.opened).toEqual([])
  })

  test('takes a subject as often as it is named, and makes one binding of it', async () => {
    expect(await role('team', '--user', 'a', '--user', 'b', '--user', 'a')).toBe(0)
    expect(documents().map(({ kind }) => kind)).toEqual(['Role', 'RoleBinding', 'RoleBinding'])
  })

  test('adds the look at the host when it is asked for, and prints a List in JSON', async () => {
    expect(await role('-n', 'team', '--user', 'jane', '--host-view', '-o', 'json')).toBe(0)
    const { kind, items } = JSON.parse(terminal.out) as { kind: string; items: { kind: string }[] }
    expect(kind).toBe('List')
    expect(items.map((item) => item.kind)).toEqual([
      'Role',
      'RoleBinding',
      'ClusterRole',
      'ClusterRoleBinding',
    ])
  })

  test('says that a Role alone gives nobody anything', async () => {
    expect(await role('team')).toBe(0)
    expect(documents().map(({ kind }) => kind)).toEqual(['Role'])
    expect(terminal.err).toMatch(/^note: nobody is given this yet: .*--user/)
  })

  test.each([
    [[], /no namespace is named/],
    [['team', '-n', 'other'], /NAMESPACE is "team" and --namespace is "other"/],
    [['Team'], /upper-case/],
    [['team', '--user', ' '], /--user is empty/],
    [['team', '--serviceaccount', 'bot'], /--serviceaccount "bot" is not NAMESPACE:NAME/],
    [['team', '--serviceaccount', 'ci:bot:x'], /is not NAMESPACE:NAME/],
    [['team', '--serviceaccount', ':bot'], /is not NAMESPACE:NAME/],
    [['team', '-o', 'table'], /table/],
  ])('%s is refused', async (words, message) => {
    expect(await role(...words)).toBe(2)
    expect(terminal.err).toMatch(message)
    expect(terminal.out).toBe('')
  })
})
