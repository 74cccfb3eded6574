import { expect, it } from 'vitest'
import { createEngine, type EngineName } from '../engine/engine.js'
import { programs, type Programs } from '../engine/program.js'
import { ensureRestart } from './restart.js'

const { signal } = new AbortController()

it.each<readonly [EngineName, string, readonly string[]]>([
  ['docker', 'hosts of earlier versions are told to', ['docker update --restart always a-cp-0']],
  ['podman', 'hosts always did, and 3.4 has no update', []],
])('restart of a host by %s: %s', async (name, _, commands) => {
  const ran: string[] = []
  const run: Programs['run'] = (argv) => {
    ran.push(argv.join(' '))
    return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
  }
  await ensureRestart(createEngine(name, { ...programs, run }, true, {}), 'a-cp-0', signal)
  expect(ran).toEqual(commands)
})
