import { KnestError } from 'knest'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { FakeTerminal, fakeHostKubeconfig } from './fake-deps.js'

let terminal: FakeTerminal
let config: string

/** Servers by context; a host that does not answer has no uid. */
interface Host {
  readonly server: string
  readonly uid?: string | undefined
}
const made: Host = { server: 'https://host:6443', uid: 'uid-of-host' }
const other: Host = { server: 'https://other:6443', uid: 'uid-of-other' }

beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'knest-find-'))
  await mkdir(join(home, '.kube'))
  config = join(home, '.kube', 'config')
  terminal = new FakeTerminal(home)
})

/** Makes a nested cluster "inner" on the host "dev" and its context the current one. */
async function enterNested(): Promise<void> {
  await know({ dev: made }, 'dev')
  expect(await terminal.run('create', 'inner', '--switch-context')).toBe(0)
  terminal.opened = []
  terminal.err = ''
}

/** What kubeconfig and hosts are from now on; knest's own contexts stay. */
async function know(hosts: Readonly<Record<string, Host>>, current?: string, file = config): Promise<void> {
  const before = (await readConfig(file)) ?? {}
  const own = before.contexts?.filter(({ name }) => name.startsWith('knest-')) ?? []
  const ownClusters = before.clusters?.filter(({ name }) => name.startsWith('knest-')) ?? []
  const names = Object.keys(hosts)
  const value = {
    ...before,
    clusters: [...names.map((name) => ({ name, cluster: { server: hosts[name]?.server } })), ...ownClusters],
    contexts: [...names.map((name) => ({ name, context: { cluster: name, user: name } })), ...own],
    ...(current === undefined ? {} : { 'current-context': current }),
  }
  await writeFile(file, stringify(value))
  terminal.identity = ({ context = current, kubeconfigText }) => {
    const { server, uid } =
      kubeconfigText === undefined
        ? (hosts[context ?? ''] ?? other)
        : { server: made.server, uid: embeddedUid }
    const silent = new KnestError('host-unreachable', 'it does not answer')
    return { context, server, uid: () => (uid === 'silent' ? Promise.reject(silent) : Promise.resolve(uid)) }
  }
}

let embeddedUid = 'uid-of-host'
beforeEach(() => {
  embeddedUid = 'uid-of-host'
})

interface Config {
  readonly contexts?: readonly {
    readonly name: string
    readonly context: Readonly<Record<string, unknown>>
  }[]
  readonly clusters?: readonly { readonly name: string }[]
}

async function readConfig(file = config): Promise<Config | undefined> {
  return readFile(file, 'utf8').then(
    (text) => parse(text) as Config,
    () => undefined,
  )
}

describe('a cluster that is made', () => {
  test('keeps in its context, and in its own file, what leads to its host', async () => {
    await enterNested()
    const host = { context: 'dev', server: made.server, uid: made.uid }
    for (const file of [config, config.replace(/config$/, 'knest.knest-inner.inner.kubeconfig')]) {
      const context = (await readConfig(file))?.contexts?.find(({ name }) => name === 'knest-inner')?.context
      expect(context?.extensions).toMatchObject([{ name: 'knest.dev', extension: { host } }])
      expect(context?.extensions).not.toHaveProperty('0.extension.host.kubeconfig')
    }
  })

  test.each([
    ['--kubeconfig', (file: string) => ({ flags: ['--kubeconfig', file], env: {} })],
    ['$KUBECONFIG', (file: string) => ({ flags: [], env: { KUBECONFIG: file } })],
  ])('keeps the file of its host when %s named it', async (_how, given) => {
    const file = `${config}.other`
    await know({ dev: made }, 'dev', file)
    const { flags, env } = given(file)
    Object.assign(terminal.env, env)
    await terminal.run('create', 'inner', ...flags)
    const own = await readConfig(config.replace(/config$/, 'knest.knest-inner.inner.kubeconfig'))
    expect(own?.contexts?.[0]?.context.extensions).toMatchObject([
      { extension: { host: { kubeconfig: file } } },
    ])
  })
})

describe('with the context of a nested cluster as the current one', () => {
  beforeEach(enterNested)

  test.each([['list'], ['status', 'inner'], ['kubeconfig', 'inner'], ['delete', 'inner']])(
    '%s works on its host, without a word',
    async (...argv) => {
      terminal.clusters.changes.length = 0
      await terminal.run(...argv)
      expect(terminal.opened).toMatchObject([{ context: 'dev' }])
      expect(terminal.err).not.toMatch(/note:/)
    },
  )

  test('create says so, unless it is to be quiet', async () => {
    expect(await terminal.run('create', 'second')).toBe(0)
    expect(terminal.opened).toMatchObject([{ context: 'dev' }])
    const note =
      'note: context "knest-inner" is a nested cluster\'s; this is its host. To nest in it: --context knest-inner\n'
    expect(terminal.err.split('note:')).toHaveLength(2)
    expect(terminal.err).toContain(note)
    terminal.err = ''
    await terminal.run('create', 'third', '-q')
    expect(terminal.err).toBe('')
  })

  test.each([
    [['--context', 'knest-inner'], { context: 'knest-inner', kubeconfig: undefined }],
    [['--context', 'else'], { context: 'else', kubeconfig: undefined }],
    [['--kubeconfig', 'file'], { context: undefined, kubeconfig: 'file' }],
  ])('%j decides', async (flags, choice) => {
    await terminal.run('list', ...flags)
    expect(terminal.opened).toEqual([choice])
  })

  test.each<[string, Readonly<Record<string, Host>>, string]>([
    ['renamed', { renamed: made, else: other }, 'renamed'],
    ['moved to another server', { dev: { ...made, server: 'https://moved:443' } }, 'dev'],
    ['under another name, while its own leads elsewhere', { dev: other, second: made }, 'second'],
    ['not to be asked who it is', { dev: { server: made.server }, else: other }, 'dev'],
    ['renamed, beside another at its address', { first: { ...made, uid: 'x' }, renamed: made }, 'renamed'],
  ])('the host is found that is %s', async (_how, hosts, context) => {
    await know(hosts)
    expect(await terminal.run('list')).toBe(0)
    expect(terminal.opened.at(-1)?.context).toBe(context)
    expect(terminal.closed).toBe(terminal.opened.length + 1)
  })

  test.each<[string, Readonly<Record<string, Host>>]>([
    ['gone', { else: other }],
    ['that of another cluster at the same address', { dev: { ...made, uid: 'another' } }],
    ['that of another cluster', { dev: other }],
    ['that of a cluster at another address that may not be asked', { dev: { server: other.server } }],
  ])('it ends with 2 when the context of the host is %s', async (_how, hosts) => {
    await know(hosts)
    expect(await terminal.run('list')).toBe(2)
    expect(terminal.err).toContain(
      'error: the current context "knest-inner" is a nested cluster\'s, and no context leads to its host (context "dev", https://host:6443)\n' +
        `hint: name a host with --context; the other contexts there are: "${Object.keys(hosts)[0] ?? ''}"\n`,
    )
    expect(terminal.closed).toBe(terminal.opened.length + 1)
  })

  test('a host that does not answer is an error, and not a reason to try others', async () => {
    await know({ dev: { ...made, uid: 'silent' }, copy: made })
    expect(await terminal.run('list')).toBe(3)
    expect(terminal.err).toContain('it does not answer')
    expect(terminal.opened).toHaveLength(1)
  })

  test('without a context the embedded host is taken, if it is that one', async () => {
    await know({ else: other })
    terminal.host.running = fakeHostKubeconfig
    expect(await terminal.run('list')).toBe(0)
    expect(terminal.opened.at(-1)).toEqual({ kubeconfigText: fakeHostKubeconfig, direct: true })
    embeddedUid = 'another'
    expect(await terminal.run('list')).toBe(2)
  })

  test('it holds with the own file of the cluster as $KUBECONFIG, as in knest shell', async () => {
    terminal.env.KUBECONFIG = config.replace(/config$/, 'knest.knest-inner.inner.kubeconfig')
    expect(await terminal.run('list')).toBe(0)
    expect(terminal.opened).toEqual([{ context: 'dev', kubeconfig: [config] }])
  })
})

describe('without a current context', () => {
  test.each([
    ['no kubeconfig', undefined],
    ['an empty one', ''],
    ['one that chooses none', 'contexts: []\ncurrent-context: ""\n'],
  ])('and with %s the embedded host is used that is up', async (_what, text) => {
    if (text !== undefined) await writeFile(config, text)
    terminal.host.running = fakeHostKubeconfig
    expect(await terminal.run('create', 'a')).toBe(0)
    expect(terminal.opened).toEqual([{ kubeconfigText: fakeHostKubeconfig, direct: true }])
    expect(terminal.err).toContain(
      'note: there is no current context; this is the embedded host "knest-host"\n',
    )
  })

  test.each<[string, () => void]>([
    ['none is up', () => undefined],
    ['no engine works', () => (terminal.host.fault = new KnestError('prerequisite', 'no engine'))],
  ])('and when %s, opening says what is missing', async (_what, prepare) => {
    prepare()
    terminal.hostFault = new KnestError('config', 'no current context')
    expect(await terminal.run('list')).toBe(2)
    expect(terminal.err).toBe('error: no current context\n')
    expect(terminal.opened).toEqual([{ context: undefined, kubeconfig: undefined }])
  })

  test.each([
    ['$KUBECONFIG names a kubeconfig', { KUBECONFIG: '/none' }],
    ['knest runs in a pod', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
  ])('the embedded host is not asked for when %s', async (_what, env) => {
    Object.assign(terminal.env, env)
    terminal.host.running = fakeHostKubeconfig
    await terminal.run('list')
    expect(terminal.opened).toEqual([{ context: undefined, kubeconfig: undefined }])
  })
})

test.each([
  ['a context of another cluster', 'current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\n'],
  ['a context that is not there', 'current-context: gone\n'],
  ['what is no kubeconfig', '- a\n'],
  ['a context of an older knest, without a record', oldContext()],
  [
    'a context with strange extensions',
    'current-context: a\ncontexts: [{name: a, context: {extensions: [1, null, {name: knest.dev, extension: {host: 7}}]}}]\n',
  ],
])('with %s as the current one all is as in kubectl', async (_what, text) => {
  await writeFile(config, text)
  terminal.host.running = fakeHostKubeconfig
  await terminal.run('list')
  expect(terminal.opened).toEqual([{ context: undefined, kubeconfig: undefined }])
})

function oldContext(): string {
  return stringify({
    contexts: [
      {
        name: 'knest-a',
        context: { cluster: 'knest-a', extensions: [{ name: 'knest.dev', extension: { former: {} } }] },
      },
    ],
    'current-context': 'knest-a',
  })
}

describe('host up', () => {
  test('makes its context the current one where there is none', async () => {
    expect(await terminal.run('host', 'up')).toBe(0)
    expect(await readFile(config, 'utf8')).toContain('current-context: knest-host\n')
    expect(terminal.err).toContain('Context "knest-host" is set and the current one; try `knest create`\n')
  })

  test.each([['a'], ['gone']])('leaves the current context "%s" as it is', async (current) => {
    await know({ a: other }, current)
    await terminal.run('host', 'up')
    expect(await readFile(config, 'utf8')).toContain(`current-context: ${current}\n`)
    expect(terminal.err).toContain('Context "knest-host" is set; try `knest create --context knest-host`\n')
  })

  test('down leaves no current context where up found none', async () => {
    await terminal.run('host', 'up')
    await terminal.run('host', 'down')
    await expect(readFile(config, 'utf8')).rejects.toThrow('ENOENT')
  })
})
