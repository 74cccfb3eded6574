import { parseClusterFile, resolveSpec } from 'knest/spec'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeTerminal } from './fake-deps.js'
import { templates } from './parts/templates.js'

const names = Object.keys(templates)
let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-templates-')))
})

test('there is a template for each usual beginning', () => {
  expect(names).toEqual([
    'ha-persistent',
    'mixed',
    'persistent-calico',
    'persistent-kube-ovn',
    'quickstart',
    'vm',
  ])
})

describe.each(names)('templates/%s', (name) => {
  const text = templates[name] ?? ''

  test('is a cluster file without a fault', () => {
    const { ref, input } = parseClusterFile(text, name)
    expect(ref).toEqual({ name })
    expect(() => resolveSpec(input, { force: false, clusterName: name })).not.toThrow()
  })

  test('begins with what it is for and how it is used', () => {
    expect(text).toMatch(/^# [A-Z]/)
    expect(text).toContain(`\n#   knest create --from templates/${name}\n`)
  })

  test('makes a cluster of its own name, or of the one that is given', async () => {
    expect(await terminal.run('create', '--from', `templates/${name}`, '--no-merge'), terminal.err).toBe(0)
    expect(await terminal.run('create', 'team', '--from', `templates/${name}`, '--no-merge')).toBe(0)
    expect(terminal.clusters.changes).toEqual([`create knest-${name}/${name}`, 'create knest-team/team'])
  })
})

test('flags override a template, and a namespace may be given', async () => {
  await terminal.run(
    ...['create', 'a', '-n', 'team', '--from', 'templates/ha-persistent', '--no-merge'],
    ...['--worker-machine-count', '5', '--storage-class', 'fast'],
  )
  expect(terminal.clusters.changes).toEqual(['create team/a'])
  expect(terminal.clusters.lastSpec).toMatchObject({
    controlPlane: { count: 3 },
    workers: [{ count: 5 }],
    persistence: { enabled: true, storageClass: 'fast' },
  })
})

test('a template goes by its file name as well, and for every command that takes a file', async () => {
  expect(await terminal.run('render', 'a', '-f', 'templates/quickstart.yaml'), terminal.err).toBe(0)
  expect(terminal.out).toContain('name: a\n')
  expect(await terminal.run('apply', '-f', 'templates/quickstart'), terminal.err).toBe(0)
  expect(terminal.clusters.changes).toEqual(['create knest-quickstart/quickstart'])
})

test('a file of that path comes first, and names its cluster as any other file', async () => {
  terminal.files.set(
    'templates/quickstart',
    'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: { name: mine }\n',
  )
  await terminal.run('create', '--from', 'templates/quickstart', '--no-merge')
  expect(terminal.clusters.changes).toEqual(['create knest-mine/mine'])
  expect(await terminal.run('create', 'other', '--from', 'templates/quickstart')).toBe(2)
  expect(terminal.err).toContain('the file names cluster "mine", the command line "other"')
})

test('shells complete templates once their folder is typed', async () => {
  await terminal.run('__complete', '--', 'create', '--from', 'templates/')
  expect(terminal.out.split('\n').map((line) => line.split('\t')[0])).toEqual([
    ...names.map((name) => `templates/${name}`),
    '',
  ])
  terminal.out = ''
  await terminal.run('__complete', '--', 'create', '--from', '')
  expect(terminal.out).toBe('')
})
