import { KnestError } from 'knest'
import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { badInputCases, fakeStatus, type BadInput, type Situation } from '@knest/testing'
import { FakeTerminal } from './fake-deps.js'

describe('bad input', () => {
  test.each(badInputCases)('$name', async (bad: BadInput) => {
    const home = await mkdtemp(join(tmpdir(), 'knest-bad-'))
    const terminal = new FakeTerminal(home)
    arrange(terminal, bad.situation)
    terminal.files.set('cluster.yaml', bad.file ?? '')
    const before = [...terminal.clusters.clusters.keys()]

    const exitCode = await terminal.run(...bad.argv.map((word) => word.replace('{file}', 'cluster.yaml')))

    expect(terminal.err).toMatch(/^error: /m)
    expect(terminal.err.match(/^error: .*$/gm)).toHaveLength(1)
    expect(/^error: .*$/m.exec(terminal.err)?.[0]).toMatch(bad.message)
    expect(exitCode).toBe(bad.exitCode)
    expect(terminal.out).toBe('')
    expect(terminal.clusters.changes).toEqual([])
    expect([...terminal.clusters.clusters.keys()]).toEqual(before)
    expect(await readdir(home)).toEqual([])
  })

  test('has no case twice', () => {
    const names = badInputCases.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThanOrEqual(40)
  })

  test('is refused before the host is asked', async () => {
    for (const bad of badInputCases.filter(({ exitCode }) => exitCode === 2)) {
      if (bad.situation === 'no such context') continue
      const terminal = new FakeTerminal(tmpdir())
      terminal.files.set('cluster.yaml', bad.file ?? '')
      await terminal.run(...bad.argv.map((word) => word.replace('{file}', 'cluster.yaml')))
      expect(terminal.opened, bad.name).toEqual([])
    }
  })
})

function arrange(terminal: FakeTerminal, situation: Situation | undefined): void {
  switch (situation) {
    case 'quickstart exists':
      terminal.clusters.add(fakeStatus())
      break
    case 'host unreachable':
      terminal.clusters.fault = new KnestError('host-unreachable', 'cannot reach https://127.0.0.1:1')
      break
    case 'host forbids':
      terminal.clusters.fault = new KnestError('not-permitted', 'user "nobody" may not list nestedclusters')
      break
    case 'no such context':
      terminal.hostFault = new KnestError('config', 'there is no context "nowhere"')
      break
    case 'no image':
      terminal.clusters.fault = new KnestError(
        'prerequisite',
        'the host has no image "localhost/knest/node:v1.35.4"',
      )
      break
    case 'host pods in 10.244.0.0/16':
      terminal.clusters.fault = new KnestError(
        'prerequisite',
        '"10.244.0.0/16" overlaps the pods of the host',
      )
      break
    case 'empty host':
    case undefined:
  }
}
