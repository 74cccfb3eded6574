import { expect, it } from 'vitest'
import { runProgram } from './run-program.js'

const run = async (...argv: readonly string[]) => {
  const told: string[] = []
  const code = await runProgram(argv, process.env, (line) => told.push(line), 'ignore')
  return { code, told }
}

const long = `/${'n'.repeat(300)}`

it.each([
  { argv: ['true'], code: 0, told: [] },
  { argv: ['sh', '-c', 'exit 7'], code: 7, told: [] },
  { argv: ['sh', '-c', 'exit 127'], code: 127, told: [] },
  { argv: ['sh', '-c', 'kill -9 $$'], code: 137, told: [] },
  { argv: ['no-such-program'], code: 127, told: ['"no-such-program": command not found'] },
  { argv: ['/etc/passwd'], code: 126, told: ['"/etc/passwd": permission denied'] },
  { argv: ['/etc/passwd/x'], code: 126, told: ['"/etc/passwd/x": not a directory'] },
  { argv: [long], code: 126, told: [`"${long}": name too long`] },
  { argv: ['true', 'x'.repeat(200_000)], code: 126, told: ['"true": argument list too long'] },
])('$argv.0 ends with $code', async ({ argv, code, told }) => {
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
