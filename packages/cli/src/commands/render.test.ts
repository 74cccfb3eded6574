import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from 'knest'
import { parseAllDocuments } from 'yaml'
import { beforeEach, expect, test } from 'vitest'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-render-')))
  terminal.hostFault = new Error('no host must be asked')
  terminal.files.set(
    'a.yaml',
    'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: { name: a }\nspec: { controlPlane: { count: 3 } }\n',
  )
})

async function rendered(...flags: readonly string[]): Promise<readonly KubeObject[]> {
  terminal.out = ''
  expect(await terminal.run('render', ...flags), terminal.err).toBe(0)
  const documents = parseAllDocuments(terminal.out)
  if (!Array.isArray(documents)) throw new Error('nothing was printed')
  return documents.map((document) => document.toJS() as KubeObject)
}

const kinds = (objects: readonly KubeObject[]): readonly string[] => objects.map(({ kind }) => kind)

test('render prints the namespace and the wish, and asks no host', async () => {
  const objects = await rendered('-f', 'a.yaml')
  expect(kinds(objects)).toEqual(['Namespace', 'RoleBinding', 'NestedCluster'])
  expect(objects[1]).toMatchObject({
    metadata: { name: 'a-controller', namespace: 'knest-a' },
    roleRef: { kind: 'ClusterRole', name: 'knest-cluster' },
    subjects: [{ kind: 'ServiceAccount', name: 'knest-controller', namespace: 'knest-system' }],
  })
  expect(objects[2]).toMatchObject({
    metadata: { name: 'a', namespace: 'knest-a' },
    spec: { controlPlane: { count: 3 } },
  })
  expect(terminal.opened).toEqual([])
  expect(terminal.err).toBe('')
})

test('flags override the file, as for create', async () => {
  const [, , cluster] = await rendered('-f', 'a.yaml', '--control-plane-machine-count', '5')
  expect(cluster?.spec).toMatchObject({ controlPlane: { count: 5 } })
  expect(await terminal.run('render', 'b', '-f', 'a.yaml')).not.toBe(0)
  expect(terminal.err).toContain('the file names cluster "a"')
})

test('a namespace that is asked for is somebody else’s', async () => {
  expect(kinds(await rendered('a', '-n', 'team'))).toEqual(['RoleBinding', 'NestedCluster'])
})

test('render can print the resource definition too, which stays when the last cluster goes', async () => {
  const [crd, ...rest] = await rendered('a', '--include-crd')
  expect(crd?.metadata.annotations).toMatchObject({ 'knest.dev/keep': 'true' })
  expect(kinds(rest)).toEqual(['Namespace', 'RoleBinding', 'NestedCluster'])
})

test('what render prints can be read by apply', async () => {
  await rendered('a', '-n', 'team', '--worker-machine-count', '2')
  terminal.hostFault = undefined
  terminal.stdin = terminal.out
  expect(await terminal.run('apply', '-f', '-'), terminal.err).toBe(0)
  expect(terminal.clusters.lastSpec?.workers[0]?.count).toBe(2)
})

test('render --standalone prints objects of the host’s own kinds only', async () => {
  const objects = await rendered('a', '--standalone')
  expect([...new Set(objects.map(({ apiVersion }) => apiVersion))].sort()).toEqual([
    'apps/v1',
    'batch/v1',
    'rbac.authorization.k8s.io/v1',
    'v1',
  ])
  expect(kinds(objects).filter((kind) => kind === 'StatefulSet')).toHaveLength(2)
  expect(terminal.err).toBe('')
})

test('render refuses what cannot be rendered, in one line', async () => {
  expect(await terminal.run('render', 'a', '--standalone', '--backend', 'vm')).toBe(2)
  expect(terminal.err).toContain('nodes of backend "vm" cannot set themselves up')
  terminal.err = ''
  expect(await terminal.run('render', 'a', '--standalone', '--include-crd')).toBe(2)
  expect(terminal.err).toContain('--include-crd has no meaning')
  terminal.err = ''
  expect(await terminal.run('render', 'a', '--cni', './cni.yaml')).toBe(2)
  expect(terminal.err).toContain('file of this machine')
  expect(terminal.out).toBe('')
})
