import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { openTokenFile } from './token-file.js'

it('reads a token again after a while, keeps the last one, and falls back to the one given', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'knest-token-'))
  const file = path.join(folder, 'token')
  let now = 0
  const opened = openTokenFile(file, 'given', () => now)
  expect(opened.token()).toBe('given')
  writeFileSync(file, 'one\n')
  expect(opened.token()).toBe('one')
  writeFileSync(file, 'two')
  now = 49_000
  expect(opened.token()).toBe('one')
  now = 51_000
  expect(opened.token()).toBe('two')
  expect(opened.renew('two')).toBe(false)
  writeFileSync(file, 'three')
  expect(opened.renew('two')).toBe(true)
  expect(opened.token()).toBe('three')
  writeFileSync(file, ' \n')
  now = 200_000
  expect(opened.token()).toBe('three')
  expect(() => openTokenFile(file, '').token()).toThrow(
    /tokenFile ".*" of the kubeconfig's user holds no token/,
  )
  rmSync(folder, { recursive: true })
  expect(() => openTokenFile(file, '').token()).toThrow('does not exist')
})
