import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { renderKubeconfig } from 'knest/kube'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { mergeIntoDefault, readContexts, removeFromDefault } from './index.js'
import type { ContextOwner } from './owner.js'

let folder: string
let files: string[]

const owner: ContextOwner = {
  ref: { namespace: 'knest-q', name: 'q' },
  host: { context: 'dev', server: 'https://dev:6443', uid: 'u' },
}
const addition = (server = 'https://10.1.2.3:6443'): string =>
  renderKubeconfig({ name: 'q', server, ca: 'CA', clientCert: 'C', clientKey: 'K' })
const someone = (name: string, current?: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: 'https://other:6443' } }],
    users: [{ name, user: { token: 't' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    ...(current === undefined ? {} : { 'current-context': current }),
  })
const currentIn = async (): Promise<unknown[]> =>
  Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => undefined)
      return text === undefined
        ? 'absent'
        : ((parse(text) ?? {}) as Record<string, unknown>)['current-context']
    }),
  )
const merge = (setCurrent: boolean, server?: string): Promise<unknown> =>
  mergeIntoDefault(files, addition(server), owner, { setCurrent })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knest-several-'))
  files = ['a', 'b', 'c'].map((name) => join(folder, name))
})
afterEach(() => rm(folder, { recursive: true }))

/** What kubectl config use-context and set-context do with the same files. */
describe('several files in $KUBECONFIG', () => {
  test.each([
    ['the first one sets it', { a: someone('a', 'a'), b: someone('b') }, ['knest-q', undefined, 'absent']],
    ['the second one sets it', { a: someone('a'), b: someone('b', 'b') }, ['knest-q', 'b', 'absent']],
    ['both do', { a: someone('a', 'a'), b: someone('b', 'b') }, ['knest-q', 'b', 'absent']],
    ['the first is not there', { b: someone('b', 'b') }, ['absent', 'knest-q', 'absent']],
    ['the first is empty', { a: '', b: someone('b', 'b') }, ['knest-q', 'b', 'absent']],
    ['none is there', {}, ['absent', 'absent', 'knest-q']],
  ])('the current context: %s', async (_name, texts, expected) => {
    for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text)
    const before = await currentIn()
    await merge(true)
    expect(await currentIn()).toEqual(expected)
    expect((await readContexts(files)).current).toBe('knest-q')
    await removeFromDefault(files, owner)
    // A file without anything may go.
    const set = (value: unknown): unknown => (value === 'absent' ? undefined : value)
    expect((await currentIn()).map(set)).toEqual(before.map(set))
  })

  test('an entry stays in its file, and is the current one by the first', async () => {
    await writeFile(files[1] ?? '', someone('b', 'b'))
    await merge(false)
    await writeFile(files[0] ?? '', someone('a', 'a'))
    await merge(true, 'https://10.9.9.9:6443')
    expect(await currentIn()).toEqual(['knest-q', 'b', 'absent'])
    expect(await readFile(files[0] ?? '', 'utf8')).not.toContain('10.9.9.9')
    expect(await readFile(files[1] ?? '', 'utf8')).toContain('10.9.9.9')
    await merge(false, 'https://10.8.8.8:6443')
    expect(await currentIn()).toEqual(['knest-q', 'b', 'absent'])
    await removeFromDefault(files, owner)
    expect(await readFile(files[0] ?? '', 'utf8')).toBe(someone('a', 'a'))
    expect(await readFile(files[1] ?? '', 'utf8')).toBe(someone('b', 'b'))
  })

  test('one that was unset before it was set again is none behind it', async () => {
    await writeFile(files[1] ?? '', someone('b'))
    await merge(false)
    await writeFile(files[0] ?? '', someone('a', 'a'))
    await merge(true)
    await writeFile(files[0] ?? '', someone('a'))
    await merge(true)
    await removeFromDefault(files, owner)
    expect(await readFile(files[0] ?? '', 'utf8')).toBe(someone('a'))
  })

  test.each(['# hi', '# hi\n', '# hi\r\n# you', '\n'])(
    'goes below the comments of %j, and again',
    async (text) => {
      await writeFile(files[1] ?? '', someone('b'))
      await merge(false)
      await writeFile(files[0] ?? '', text)
      await merge(true)
      expect(await currentIn()).toEqual(['knest-q', undefined, 'absent'])
      await removeFromDefault(files, owner)
      expect(await readFile(files[0] ?? '', 'utf8')).toBe(text)
    },
  )

  test('a current context that kubectl set in another file does not dangle', async () => {
    await writeFile(files[1] ?? '', someone('b'))
    await merge(false)
    await writeFile(files[0] ?? '', `current-context: knest-q\n${someone('a')}`)
    await removeFromDefault(files, owner)
    expect((await readContexts(files)).current).toBeUndefined()
  })

  test("one that is no kubeconfig is nobody's matter", async () => {
    await writeFile(files[0] ?? '', someone('a'))
    await merge(true)
    await writeFile(files[2] ?? '', '- no kubeconfig')
    await removeFromDefault(files, owner)
    expect(await readFile(files[0] ?? '', 'utf8')).toBe(someone('a'))
  })
})

describe('merged again', () => {
  test.each([
    ['a namespace', 'contexts', 'context', { namespace: 'app' }],
    [
      'a proxy',
      'clusters',
      'cluster',
      { 'proxy-url': 'socks5://localhost:1080', 'disable-compression': true },
    ],
    ['whom to act as', 'users', 'user', { as: 'jane', 'as-groups': ['dev'] }],
  ] as const)('%s that the user has set stays', async (_name, section, field, set) => {
    await merge(false)
    const file = files[2] ?? ''
    const value = parse(await readFile(file, 'utf8')) as Record<string, Record<string, object>[]>
    const [entry] = value[section] ?? []
    if (entry !== undefined) entry[field] = { ...entry[field], ...set }
    await writeFile(file, stringify({ ...value, extensions: [{ name: 'x', extension: { y: 1 } }] }))
    await merge(false, 'https://10.9.9.9:6443')
    const after = parse(await readFile(file, 'utf8')) as typeof value
    expect(after[section]?.[0]?.[field]).toMatchObject(set)
    expect(after.clusters?.[0]?.cluster).toMatchObject({ server: 'https://10.9.9.9:6443' })
    expect(after.extensions).toEqual([{ name: 'x', extension: { y: 1 } }])
  })

  test('what is current stays current', async () => {
    await writeFile(files[0] ?? '', someone('a', 'a'))
    await merge(true)
    await merge(false, 'https://10.9.9.9:6443')
    expect((await readContexts(files)).current).toBe('knest-q')
    await removeFromDefault(files, owner)
    expect(await readFile(files[0] ?? '', 'utf8')).toBe(someone('a', 'a'))
  })
})
