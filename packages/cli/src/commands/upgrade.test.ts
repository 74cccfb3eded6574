import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { fakeStatus } from '@knest/testing'
import { FakeTerminal } from '../fake-deps.js'

let terminal: FakeTerminal
const argv = ['upgrade', 'quickstart', '--kubernetes-version', '1.36.3'] as const

beforeEach(async () => {
  terminal = new FakeTerminal(await mkdtemp(join(tmpdir(), 'knest-upgrade-')))
  terminal.clusters.add(fakeStatus())
})

test('says what became of the cluster', async () => {
  expect(await terminal.run(...argv)).toBe(0)
  expect(terminal.out).toBe('cluster "quickstart" upgraded to 1.36.3\n')
  expect(terminal.clusters.changes).toEqual(['upgrade knest-quickstart/quickstart'])
  expect(terminal.clusters.lastUpgrade).toEqual({ kubernetesVersion: '1.36.3' })
})

test('hands image and pace over', async () => {
  await terminal.run(...argv, '--image', 'mine:1', '--max-unavailable', '2')
  expect(terminal.clusters.lastUpgrade).toMatchObject({ image: 'mine:1', maxUnavailable: 2 })
})

test('--dry-run prints the steps and does nothing', async () => {
  expect(await terminal.run(...argv, '--dry-run')).toBe(0)
  expect(terminal.out).toContain('Upgrade control plane "quickstart-cp-0"')
  expect(terminal.clusters.changes).toEqual([])
})

test('-o json is the cluster as list shows it, -o name its name', async () => {
  await terminal.run(...argv, '-o', 'json')
  expect(JSON.parse(terminal.out)).toMatchObject({ name: 'quickstart', kubernetesVersion: '1.36.3' })
  terminal.out = ''
  await terminal.run(...argv, '-o', 'name')
  expect(terminal.out).toBe('quickstart\n')
})

test.each([
  [['upgrade', 'quickstart'], "required option '--kubernetes-version <version>' not specified"],
  [[...argv, '--max-unavailable', 'some'], '--max-unavailable "some" is not a whole number'],
])('%j is refused', async (words, message) => {
  expect(await terminal.run(...words)).toBe(2)
  expect(terminal.err).toContain(message)
  expect(terminal.clusters.changes).toEqual([])
})
