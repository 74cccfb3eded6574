import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { renderKubeconfig } from 'knest/kube'
import { mergeIntoDefault, removeFromDefault } from './file.js'
import type { HostRecord } from './host-record.js'
import { mergeKubeconfig } from './merge.js'
import type { ContextOwner } from './owner.js'

interface Config {
  readonly contexts?: readonly { name: string; context: Record<string, unknown> }[]
  readonly clusters?: readonly { name: string; cluster: Record<string, unknown> }[]
  readonly users?: readonly { name: string }[]
  readonly 'current-context'?: string
}

const here: HostRecord = { context: 'dev', server: 'https://dev:6443', uid: 'here' }
const there: HostRecord = { context: 'prod', server: 'https://prod:6443', uid: 'there' }
const nested = (name: string, namespace = `knest-${name}`, host = here): ContextOwner => ({
  ref: { name, namespace },
  host,
})
const kubeconfig = (name: string, server = 'https://10.1.2.3:6443', ca = 'CA'): string =>
  renderKubeconfig({ name, server, ca, clientCert: 'C', clientKey: 'K' })

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knest-owner-'))
  file = join(folder, 'config')
})
afterEach(() => rm(folder, { recursive: true }))

const config = async (path = file): Promise<Config> => parse(await readFile(path, 'utf8')) as Config
const serverOf = async (context: string): Promise<unknown> => {
  const { contexts = [], clusters = [] } = await config()
  const name = contexts.find((each) => each.name === context)?.context.cluster
  return clusters.find((each) => each.name === name)?.cluster.server
}
const add = (name: string, owner: ContextOwner, server?: string): Promise<string> =>
  mergeIntoDefault([file], kubeconfig(name, server), owner).then(({ context }) => context)

describe('a context of the name is there, and is', () => {
  test.each<[string, string, ContextOwner]>([
    ['of a cluster in another namespace', 'dev', nested('dev', 'team-a')],
    ['of a cluster on another host', 'dev', nested('dev', undefined, there)],
    ["an embedded host's", 'dev', { embedded: 'knest-dev' }],
  ])('%s: it stays, the new one gets a number, and each goes with its own', async (_, name, first) => {
    expect(await add(name, first, 'https://first')).toBe('knest-dev')
    const before = await readFile(file, 'utf8')
    const second = nested('dev', 'team-b')
    expect(await add('dev', second, 'https://second')).toBe('knest-dev-2')
    expect(await add('dev', second, 'https://second')).toBe('knest-dev-2')
    expect(await serverOf('knest-dev')).toBe('https://first')
    expect(await serverOf('knest-dev-2')).toBe('https://second')
    expect((await config()).users?.map((user) => user.name)).toEqual(['knest-dev-admin', 'knest-dev-2-admin'])
    await removeFromDefault([file], second)
    expect(await readFile(file, 'utf8')).toBe(before)
    await removeFromDefault([file], second)
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  test("somebody's own: it is neither replaced nor removed", async () => {
    const own = stringify({
      contexts: [{ name: 'knest-dev', context: { cluster: 'knest-dev', user: 'me' } }],
      clusters: [{ name: 'knest-dev', cluster: { server: 'https://mine' } }],
      users: [{ name: 'me', user: {} }],
    })
    await writeFile(file, own)
    expect(await add('dev', nested('dev'))).toBe('knest-dev-2')
    await removeFromDefault([file], nested('dev'))
    expect(await readFile(file, 'utf8')).toBe(own)
  })

  test('in another file of $KUBECONFIG: kubectl would see only one of both', async () => {
    const other = join(folder, 'other')
    await mergeIntoDefault([other], kubeconfig('dev'), nested('dev', 'team-a'))
    await writeFile(file, '')
    const merged = await mergeIntoDefault([file, other], kubeconfig('dev'), nested('dev', 'team-b'))
    expect(merged).toEqual({ file, context: 'knest-dev-2' })
  })
})

test.each<[string, ContextOwner]>([
  ['another host', nested('dev', 'team-a', there)],
  ['another host that does not tell its uid', nested('dev', 'team-a', { server: 'https://prod:6443' })],
  ['another namespace', nested('dev', 'team-b')],
  ['another cluster', nested('other', 'team-a')],
  ['an embedded host', { embedded: 'knest-dev' }],
])('what goes with %s leaves the context of the name', async (_, gone) => {
  await add('dev', nested('dev', 'team-a'))
  const before = await readFile(file, 'utf8')
  expect(await removeFromDefault([file], gone, 'Q0E=')).toEqual([])
  expect(await readFile(file, 'utf8')).toBe(before)
})

describe('a context that the user has changed', () => {
  const rename = async (): Promise<void> => {
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('- name: knest-dev\n  context:', '- name: prod\n  context:'))
  }

  test('is found under its new name, and goes with its cluster and user', async () => {
    await mergeIntoDefault([file], kubeconfig('dev'), nested('dev'), { setCurrent: true })
    await rename()
    const text = (await readFile(file, 'utf8')).replace('current-context: knest-dev', 'current-context: prod')
    await writeFile(file, text)
    await removeFromDefault([file], nested('dev'))
    await expect(readFile(file, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('keeps its name and its namespace when it is merged again', async () => {
    await add('dev', nested('dev'), 'https://old')
    await rename()
    const text = await readFile(file, 'utf8')
    await writeFile(
      file,
      text.replace('user: knest-dev-admin\n', 'user: knest-dev-admin\n    namespace: app\n'),
    )
    expect(await add('dev', nested('dev'), 'https://new')).toBe('prod')
    const { contexts = [] } = await config()
    expect(contexts.map(({ name, context }) => [name, context.namespace])).toEqual([['prod', 'app']])
    expect(await serverOf('prod')).toBe('https://new')
  })

  test('keeps its cluster and user for another context that uses them', async () => {
    await writeFile(
      file,
      mergeKubeconfig('contexts:\n- name: mine\n  context: {cluster: a}\n', kubeconfig('x')),
    )
    await add('dev', nested('dev'))
    const text = await readFile(file, 'utf8')
    await writeFile(
      file,
      text.replace('{cluster: a}', '{cluster: knest-dev, user: knest-dev-admin, namespace: app}'),
    )
    await removeFromDefault([file], nested('dev'))
    const { contexts = [], clusters = [], users = [] } = await config()
    expect(contexts.map(({ name }) => name)).toEqual(['mine', 'knest-x'])
    expect(clusters.map(({ name }) => name)).toContain('knest-dev')
    expect(users.map(({ name }) => name)).toContain('knest-dev-admin')
  })
})

describe('a context of before owners were written', () => {
  const authority = Buffer.from('CA').toString('base64')

  test.each([
    ['its authority is known: it goes', authority, true],
    ['another authority: it stays', 'another', false],
    ['no authority to compare: it stays', undefined, false],
  ])('%s', async (_, known, goes) => {
    await writeFile(file, mergeKubeconfig(undefined, kubeconfig('dev')))
    expect(await removeFromDefault([file], nested('dev'), known)).toEqual(goes ? [file] : [])
  })

  test('becomes owned by being merged again', async () => {
    await writeFile(file, mergeKubeconfig(undefined, kubeconfig('dev')))
    expect(await add('dev', nested('dev'))).toBe('knest-dev')
    expect((await config()).contexts).toHaveLength(1)
    expect(await removeFromDefault([file], nested('dev'))).toEqual([file])
  })
})
