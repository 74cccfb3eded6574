import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemAuthorities } from './system-authorities.js'

let folder: string
const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----`

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'knest-authorities-'))
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), text)
  }
  write('bundle', `# the company's\n${pem('a')}\n${pem('b')}\n`)
  write('one/b', `${pem('b')}\n`)
  write('one/none', 'no certificate')
  write('two/c', `${pem('c')}\n`)
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

it.each<[string, string, string, readonly string[]]>([
  ['a file and folders, each certificate once', 'bundle', 'one:two', ['a', 'b', 'c']],
  ['folders alone', 'none', 'absent:two', ['c']],
  ['a file alone', 'bundle', 'absent', ['a', 'b']],
  ['none', 'none', 'absent', []],
])('the authorities of this machine are those of %s', (_what, file, folders, expected) => {
  const at = (name: string): string => path.join(folder, name)
  const found = systemAuthorities({
    SSL_CERT_FILE: at(file),
    SSL_CERT_DIR: folders.split(':').map(at).join(':'),
  })
  expect(found).toBe(expected.length === 0 ? undefined : expected.map(pem).join('\n'))
})
