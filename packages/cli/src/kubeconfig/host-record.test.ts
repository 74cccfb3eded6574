import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readContexts } from './contexts.js'
import type { HostRecord } from './host-record.js'
import { renderKubeconfig } from 'knest/kube'
import { mergeKubeconfig } from './merge.js'
import { withOwner } from './owner.js'
import { removeEntries } from './remove.js'

const host: HostRecord = { context: 'dev', kubeconfig: '/a:/b', server: 'https://dev:6443', uid: 'u' }
const plain = (name: string): string =>
  renderKubeconfig({ name, server: 'https://nested', ca: 'ca', clientCert: 'cert', clientKey: 'key' })
const owned = (name: string, record: HostRecord): string =>
  withOwner(plain(name), { ref: { namespace: `knest-${name}`, name }, host: record })
const nested = owned('demo', host)
const removeFromKubeconfig = (text: string, cluster: string): string | undefined =>
  removeEntries(text, {
    clusters: `knest-${cluster}`,
    users: `knest-${cluster}-admin`,
    contexts: `knest-${cluster}`,
  })

async function read(...texts: readonly string[]): ReturnType<typeof readContexts> {
  const directory = await mkdtemp(join(tmpdir(), 'knest-record-'))
  const files = texts.map((_text, index) => join(directory, String(index)))
  await Promise.all(texts.map((text, index) => writeFile(files[index] ?? '', text)))
  return readContexts([join(directory, 'absent'), ...files])
}

test('a record survives being merged, and goes with its context', async () => {
  const before = 'current-context: a\ncontexts:\n- name: a\n  context: {cluster: a}\n'
  const merged = mergeKubeconfig(before, nested)
  expect(await read(merged)).toMatchObject({
    current: 'a',
    contexts: [{ name: 'a' }, { name: 'knest-demo', server: 'https://nested', host }],
  })
  expect(removeFromKubeconfig(merged, 'demo')).toBe(before)
})

test('merging again changes a record that has changed, and nothing else', () => {
  const merged = mergeKubeconfig(undefined, nested)
  expect(mergeKubeconfig(merged, nested)).toBe(merged)
  const moved = mergeKubeconfig(merged, owned('demo', { ...host, uid: 'another' }))
  expect(moved).toBe(merged.replace('uid: u\n', 'uid: another\n'))
  // One from before knest wrote records gets one.
  expect(mergeKubeconfig(mergeKubeconfig(undefined, plain('demo')), nested)).toContain('uid: u\n')
})

test('several records come and go in any order, and give back the former bytes', () => {
  const before = '# mine\ncurrent-context: ""\n'
  const second = owned('second', { server: 'https://dev:6443' })
  const both = mergeKubeconfig(mergeKubeconfig(before, nested, { setCurrent: true }), second)
  expect(removeFromKubeconfig(removeFromKubeconfig(both, 'demo') ?? '', 'second')).toBe(before)
  expect(removeFromKubeconfig(removeFromKubeconfig(both, 'second') ?? '', 'demo')).toBe(before)
})

test('the first file to name something wins', async () => {
  const first =
    'contexts:\n- name: b\n  context: {cluster: b}\nclusters: [{name: b, cluster: {server: "https://1"}}]\n'
  const second = `${first.replace('https://1', 'https://2')}current-context: b\n`
  expect(await read(first, '', second, 'current-context: c\n')).toEqual({
    current: 'b',
    contexts: [{ name: 'b', server: 'https://1', host: undefined }],
  })
  await expect(read('a: [')).rejects.toMatchObject({ code: 'config' })
})
