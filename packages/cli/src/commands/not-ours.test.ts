import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { fakeHostKubeconfig, FakeTerminal } from '../fake-deps.js'

let home: string
let config: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knest-not-ours-'))
  config = join(home, '.kube', 'config')
})
afterEach(() => rm(home, { recursive: true }))

/** Hosts that one user works on; the first is of this machine. */
function openHosts(): Readonly<Record<'a' | 'b', FakeTerminal>> {
  const open = (name: string): FakeTerminal => {
    const terminal = new FakeTerminal(home)
    terminal.identity = ({ context = name }) => ({
      context,
      server: `https://${name}:6443`,
      uid: () => Promise.resolve(`uid-of-${name}`),
    })
    return terminal
  }
  const hosts = { a: open('knest-host'), b: open('b') }
  hosts.a.host.running = fakeHostKubeconfig
  return hosts
}

interface Config {
  readonly contexts?: readonly { readonly name: string }[]
  readonly 'current-context'?: string
}

/** Contexts, the current one, and the own files of clusters. */
async function left(): Promise<readonly string[]> {
  const text = await readFile(config, 'utf8').catch(() => '{}')
  const { contexts = [], 'current-context': current = '' } = (parse(text) ?? {}) as Config
  const files = (await readdir(join(home, '.kube')).catch(() => [])).filter((file) => file !== 'config')
  return [...contexts.map(({ name }) => (name === current ? `${name} (current)` : name)), ...files].sort()
}

describe('what leads to one cluster is left alone by', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      'one of its name in another namespace',
      ['a create dev -n team-a', 'a create dev -n team-b', 'a delete dev -n team-b'],
      ['knest-dev', 'knest.team-a.dev.kubeconfig'],
    ],
    [
      'the deletion of its name on another host, where there is none',
      ['a create dev -n team', 'b delete dev -n team --ignore-not-found'],
      ['knest-dev', 'knest.team.dev.kubeconfig'],
    ],
    [
      'one of its name and namespace on another host, and its end',
      ['a create dev -n team', 'b create dev -n team', 'b delete dev -n team'],
      ['knest-dev', 'knest.team.dev.kubeconfig'],
    ],
    [
      'one that was made while it was there, also when it goes first',
      ['a create dev -n team', 'b create dev -n team', 'a delete dev -n team'],
      ['knest-dev-2', 'knest.team.dev.2.kubeconfig'],
    ],
    [
      'renewed certificates of another',
      ['a create dev -n team', 'b create dev -n team', 'b certs dev -n team --renew', 'b delete dev -n team'],
      ['knest-dev', 'knest.team.dev.kubeconfig'],
    ],
  ])('%s', async (_, commands, expected) => {
    const hosts = openHosts()
    for (const command of commands) {
      const [host, ...argv] = command.split(' ')
      const terminal = host === 'b' ? hosts.b : hosts.a
      expect(await terminal.run(...argv), terminal.err).toBe(0)
    }
    expect(await left()).toEqual(expected)
  })
})

test("a host's context under the name of a cluster's stays, whatever is done with that cluster", async () => {
  const { a } = openHosts()
  await a.run('host', 'up', '--name', 'knest-lab')
  const before = await readFile(config, 'utf8')
  for (const line of ['create lab --no-merge', 'certs lab --renew', 'kubeconfig lab --merge', 'delete lab'])
    expect(await a.run(...line.split(' ')), a.err).toBe(0)
  expect(await readFile(config, 'utf8')).toBe(before)
})

test('a context that was renamed and made the current one goes with its cluster, and the former one comes back', async () => {
  const { a } = openHosts()
  await a.run('host', 'up')
  const before = await readFile(config, 'utf8')
  await a.run('create', 'dev', '--switch-context')
  const text = await readFile(config, 'utf8')
  await writeFile(
    config,
    text
      .replace('- name: knest-dev\n  context:', '- name: prod\n  context:')
      .replace('current-context: knest-dev', 'current-context: prod'),
  )
  expect(await a.run('delete', 'dev'), a.err).toBe(0)
  expect(await left()).toEqual(['knest-host (current)'])
  expect(parse(await readFile(config, 'utf8'))).toEqual(parse(before))
})

test('a cluster that others deleted: the deletion says so, and nothing leads to it any more', async () => {
  const { a } = openHosts()
  await a.run('create', 'dev')
  a.clusters.clusters.clear()
  expect(await a.run('delete', 'dev')).toBe(4)
  expect(await left()).toEqual([])
})

test('host down takes what leads to its clusters, and leaves what leads to others', async () => {
  const { a, b } = openHosts()
  await a.run('host', 'up')
  await b.run('create', 'other', '--context', 'b')
  await a.run('create', 'dev', '--switch-context')
  expect(await a.run('host', 'down'), a.err).toBe(0)
  expect(await left()).toEqual(['knest-other', 'knest.knest-other.other.kubeconfig'])
})
