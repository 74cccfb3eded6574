import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { fakeStatus, sampleSpec } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

const file = `apiVersion: knest.dev/v1alpha1
kind: NestedCluster
metadata: { name: a }
spec: { controlPlane: { count: 3 } }
`
let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-apply-')))
  terminal.files.set('a.yaml', file)
})

/** A cluster that is there and that the file would change. */
function makeChanged(): void {
  terminal.clusters.add(fakeStatus({ name: 'a', namespace: 'knest-a' }))
  terminal.clusters.change = {
    action: 'configured',
    changes: [{ path: 'controlPlane.count', from: '1', to: '3' }],
    steps: [{ id: 'join:a-cp-1', title: 'Join control plane "a-cp-1"', needs: [] }],
  }
}

test('apply creates what is not there, and keeps its kubeconfig', async () => {
  expect(await terminal.run('apply', '-f', 'a.yaml')).toBe(0)
  expect(terminal.out).toBe('cluster "a" created\n')
  expect(terminal.clusters.lastSpec?.controlPlane.count).toBe(3)
})

test('plan shows fields and steps and ends with 1; without a change with 0', async () => {
  makeChanged()
  expect(await terminal.run('plan', '-f', 'a.yaml')).toBe(1)
  expect(terminal.out).toBe(`FIELD                NOW   THEN
controlPlane.count   1     3

These steps will be taken:
  Join control plane "a-cp-1"
cluster "a" would be configured
`)
  terminal.out = ''
  terminal.clusters.change = { action: 'unchanged', changes: [], steps: [] }
  expect(await terminal.run('plan', '-f', 'a.yaml')).toBe(0)
  expect(terminal.out).toBe('cluster "a" is as the file says\n')
  expect(terminal.clusters.changes).toEqual([])
})

test('plan -o json is for programs', async () => {
  makeChanged()
  expect(await terminal.run('plan', '-f', 'a.yaml', '-o', 'json')).toBe(1)
  expect(JSON.parse(terminal.out)).toMatchObject({ cluster: 'a', action: 'configured' })
})

test('apply asks on a terminal, and takes no for an answer', async () => {
  makeChanged()
  terminal.answer = false
  expect(await terminal.run('apply', '-f', 'a.yaml')).toBe(130)
  expect(terminal.err).toContain('Join control plane "a-cp-1"')
  expect(terminal.err).toContain('nothing was changed')
  expect(terminal.clusters.changes).toEqual([])
  terminal.answer = true
  expect(await terminal.run('apply', '-f', 'a.yaml')).toBe(0)
  expect(terminal.clusters.changes).toEqual(['apply knest-a/a'])
})

test('apply --yes does not ask, and --dry-run changes nothing', async () => {
  makeChanged()
  terminal.answer = false
  expect(await terminal.run('apply', '-f', 'a.yaml', '--dry-run')).toBe(0)
  expect(terminal.clusters.changes).toEqual([])
  expect(await terminal.run('apply', '-f', 'a.yaml', '--yes')).toBe(0)
  expect(terminal.out).toContain('cluster "a" configured\n')
})

test('apply needs a file', async () => {
  expect(await terminal.run('apply')).toBe(2)
  expect(terminal.err).toContain("required option '-f, --filename <file>' not specified")
})

test.each([
  ['plan', 1],
  ['apply', 0],
] as const)(
  '%s takes --force for an even number of control planes, as its hint says',
  async (command, done) => {
    terminal.files.set('a.yaml', file.replace('count: 3', 'count: 2'))
    expect(await terminal.run(command, '-f', 'a.yaml')).toBe(2)
    expect(terminal.err).toContain('--force')
    expect(await terminal.run(command, '-f', 'a.yaml', '--force')).toBe(done)
  },
)

test.each([
  ['apply', ['-f', 'a.yaml'], { name: 'a', phase: 'Ready' }],
  ['pause', ['a'], { name: 'a', namespace: 'knest-a' }],
  ['resume', ['a'], { name: 'a', namespace: 'knest-a' }],
  ['delete', ['a'], { name: 'a', namespace: 'knest-a', deleted: true, dataKept: false }],
  ['delete', ['a', '--keep-data'], { name: 'a', deleted: true, dataKept: true }],
] as const)('%s %j -o json prints JSON and nothing else', async (command, argv, expected) => {
  const status = fakeStatus({ name: 'a', phase: command === 'resume' ? 'Paused' : 'Ready' })
  terminal.clusters.add(status, { ...sampleSpec, persistence: { enabled: command !== 'apply' } })
  expect(await terminal.run(command, ...argv, '-o', 'json'), terminal.err).toBe(0)
  expect(JSON.parse(terminal.out)).toMatchObject(expected)
})
