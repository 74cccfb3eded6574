import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NodeHandle } from '../contracts/node-backend.js'
import { registriesQuestion } from '../node/registries.js'
import { renderRegistries, type KnownRegistry } from './render.js'
import { writeRegistries } from './write.js'

let root: string
const { signal } = new AbortController()
const at = (path: string): string => join(root, path)
const text = (path: string): string | undefined =>
  existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined
const [folder, credentials] = ['etc/containerd/certs.d', 'var/lib/kubelet/config.json']

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'knest-registries-'))
  for (const directory of ['bin', 'var/lib/knest', 'run']) mkdirSync(at(directory), { recursive: true })
  writeFileSync(at('bin/systemctl'), `#!/bin/bash\necho "$*" >>${root}/log\n`)
  chmodSync(at('bin/systemctl'), 0o755)
})
afterEach(() => rmSync(root, { recursive: true }))

function run(script: string, input: string | Uint8Array = ''): string {
  const moved = script.replaceAll(/\/(etc|var|run)\//g, (found) => `${root}${found}`)
  const env = { PATH: `${at('bin')}:${process.env.PATH ?? ''}` }
  return execFileSync('bash', ['-c', moved], { env, encoding: 'utf8', input, stdio: 'pipe' })
}

const node = {
  name: 'a-worker-0',
  execText: ([, , script = '']: readonly string[], { stdin = '' }: { stdin?: string | Uint8Array }) =>
    Promise.resolve({ exitCode: 0, stdout: run(script, stdin), stderr: '' }),
} as unknown as NodeHandle

const mirrored: KnownRegistry = { host: 'a.b:5000', mirrors: ['http://m'], certificates: 'PEM' }
const withLogin = (password: string): KnownRegistry => ({
  host: 'c.d',
  logins: new Map([[undefined, { username: 'me', password }]]),
})
const write = (...registries: readonly KnownRegistry[]): ReturnType<typeof writeRegistries> =>
  writeRegistries(node, renderRegistries(registries), signal)
const asked = (): string => run(`set -euo pipefail\n${registriesQuestion}`).trim()
const said = (...registries: readonly KnownRegistry[]): string =>
  `registries ${renderRegistries(registries).digest ?? ''}`

test('what is wanted is there, and the node tells it', async () => {
  expect(asked()).toBe('')
  await write(mirrored, withLogin('one'))
  expect(text(`${folder}/a.b:5000/hosts.toml`)).toContain('[host."http://m"]')
  expect(text(`${folder}/a.b:5000/ca.crt`)).toBe('PEM')
  expect(text(credentials)).toContain('"c.d"')
  expect(asked()).toBe(said(mirrored, withLogin('one')))
  expect(existsSync(at('var/lib/knest/registries.new'))).toBe(false)
})

test('what is not wanted any more goes, and what is of others stays', async () => {
  mkdirSync(at(`${folder}/x.y`), { recursive: true })
  writeFileSync(at(`${folder}/x.y/hosts.toml`), 'mine')
  await write(mirrored, withLogin('one'))
  await write({ ...mirrored, certificates: undefined })
  expect(text(`${folder}/a.b:5000/hosts.toml`)).not.toContain('ca =')
  expect(text(credentials)).toBeUndefined()
  await write()
  expect(existsSync(at(`${folder}/a.b:5000`))).toBe(false)
  expect(text(`${folder}/x.y/hosts.toml`)).toBe('mine')
  expect(asked()).toBe('')
})

test('kubelet is started again for other credentials, and for nothing else', async () => {
  const restarts = (): number =>
    (text('log') ?? '').split('\n').filter((line) => line === 'restart kubelet').length
  await write(mirrored)
  expect(restarts()).toBe(0)
  await write(mirrored, withLogin('one'))
  await write(mirrored, withLogin('one'))
  expect(restarts()).toBe(1)
  await write(mirrored, withLogin('two'))
  expect(restarts()).toBe(2)
  await write(mirrored)
  expect(restarts()).toBe(3)
})

test('credentials that somebody else wrote stay, and are told', async () => {
  mkdirSync(at('var/lib/kubelet'), { recursive: true })
  writeFileSync(at(credentials), 'mine')
  expect(await write(withLogin('one'))).toEqual({ hasOthers: true })
  expect(asked()).toBe(said(withLogin('one')))
  await write()
  expect(text(credentials)).toBe('mine')
})

test('what somebody removed is told', async () => {
  await write(mirrored)
  rmSync(at(`${folder}/a.b:5000`), { recursive: true })
  expect(asked()).toBe('registries incomplete')
})
