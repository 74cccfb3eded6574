import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { inShell } from './in-shell.js'

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function run(argv: readonly string[], stdin: string | Readable | undefined): Promise<Ended> {
  const { words, endMark } = inShell(argv, stdin)
  const [program = '', ...rest] = words
  const child = spawn(program, rest)
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.stdin.on('error', () => undefined)
  const input = stdin instanceof Readable ? stdin : Readable.from(stdin === undefined ? [] : [stdin])
  input.pipe(child.stdin)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const ended = await code
  const end = `${endMark}${ended};`
  expect([stdout.slice(-end.length), stderr.slice(-end.length)]).toEqual([end, end])
  return { code: ended, stdout: stdout.slice(0, -end.length), stderr: stderr.slice(0, -end.length) }
}

/** Exit codes of who writes 30 MB, 141 when they are not all read, and of the command. */
async function readByHalf(...argv: readonly string[]): Promise<string> {
  const line = 'head -c 30000000 /dev/zero | "$@" >/dev/null; echo "${PIPESTATUS[@]}"'
  return text(spawn('bash', ['-c', line, 'bash', ...argv]).stdout)
}

describe('a command in a node’s shell', () => {
  it('gets its words and its input, and gives its exit code', async () => {
    const words = ['a b', '$HOME', '', '*', "it's"]
    for (const stdin of [undefined, 'in', Readable.from(['in'])]) {
      const ended = await run(['sh', '-c', 'printf "%s|" "$@"; cat; exit 9', 'sh', ...words], stdin)
      const input = stdin === undefined ? '' : 'in'
      expect(ended).toEqual({ code: 9, stdout: `a b|$HOME||*|it's|${input}`, stderr: '' })
    }
  })

  it.each([
    ['no-such-program', 127, /no-such-program: not found/],
    ['/etc/passwd', 126, /Permission denied/],
    ['/etc', 126, /Permission denied|Is a directory/],
  ])('that is %s gives %i', async (program, code, words) => {
    for (const stdin of [undefined, 'in', Readable.from(['in'])]) {
      const ended = await run([program], stdin)
      expect(ended).toMatchObject({ code, stdout: '' })
      expect(ended.stderr).toMatch(words)
    }
  })

  it('may show how it is run, as ps does', () => {
    const { words, endMark } = inShell(['ps', 'aux'], undefined)
    expect(words.join(' ')).not.toContain(endMark)
  })

  it('is ended by a signal without a word', async () => {
    for (const stdin of [undefined, Readable.from(['in'])])
      expect(await run(['sh', '-c', 'kill -9 $$'], stdin)).toEqual({ code: 137, stdout: '', stderr: '' })
  })

  it('may leave input unread: all of it is taken nevertheless', async () => {
    expect(await readByHalf('head', '-c', '1')).toBe('141 0\n')
    const stream = new Readable()
    expect(await readByHalf(...inShell(['head', '-c', '1'], stream).words)).toBe('0 0\n')
    expect(await readByHalf(...inShell(['false'], stream).words)).toBe('0 1\n')
    const killed = inShell(['sh', '-c', 'kill -9 $$'], 'x'.repeat(100_000))
    expect(await readByHalf(...killed.words)).toBe('0 137\n')
  })
})
