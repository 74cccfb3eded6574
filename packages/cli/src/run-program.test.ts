import { expect, it } from 'vitest'
import { runProgram } from './run-program.js'

const run = async (...argv: readonly string[]) => {
  const told: string[] = []
  const code = await runProgram(argv, process.env, (line) => told.push(line), 'ignore')
  return { code, told }
}

it.each([
  { argv: ['true'], code: 0, told: [] },
  { argv: ['sh', '-c', 'exit 7'], code: 7, told: [] },
  { argv: ['sh', '-c', 'exit 127'], code: 127, told: [] },
  { argv: ['sh', '-c', 'kill -9 $$'], code: 137, told: [] },
  { argv: ['no-such-program'], code: 127, told: ['"no-such-program": command not found'] },
  { argv: ['/etc/passwd'], code: 126, told: ['"/etc/passwd": permission denied'] },
])('$argv ends with $code', async ({ argv, code, told }) => {
  expect(await run(...argv)).toEqual({ code, told })
})

it.each(['SIGTERM', 'SIGHUP'] as const)('passes %s on to the program', async (signal) => {
  const before = process.listenerCount(signal)
  const ended = run('sleep', '60')
  expect(process.listenerCount(signal)).toBe(before + 1)
  process.emit(signal, signal)
  expect((await ended).code).toBe(signal === 'SIGTERM' ? 143 : 129)
  expect(process.listenerCount(signal)).toBe(before)
})
