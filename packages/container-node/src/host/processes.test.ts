import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { programs, type Programs } from '../engine/program.js'
import { liftProcessLimit, processLimit } from './processes.js'

const { signal } = new AbortController()

function nodeWith(stdout: string, exitCode = 1) {
  const scripts: string[] = []
  const runner: Programs = {
    ...programs,
    run: (argv) => {
      if (argv.includes('sh')) scripts.push(argv.at(-1) ?? '')
      return Promise.resolve({
        exitCode: argv.includes('sh') ? 0 : exitCode,
        stdout,
        stderr: 'cat: no such file',
      })
    },
  }
  return { scripts, engine: createEngine('podman', runner, true, {}) }
}

describe('the limit of processes of a host', () => {
  it.each([
    ["podman's default", '2048\n', 2048],
    ['none', 'max\n', undefined],
    ['not told, as by a node that does not run', '', undefined],
  ])('%s', async (_, stdout, limit) => {
    const { engine, scripts } = nodeWith(stdout)
    expect(await processLimit(engine, 'a-cp-0', signal)).toBe(limit)
    expect(await liftProcessLimit(engine, 'a-cp-0', signal)).toBe(limit)
    expect(scripts).toHaveLength(limit === undefined ? 0 : 1)
  })
})
