import { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { lastWords, programs } from './program.js'

const { signal } = new AbortController()
const options = { timeoutMs: 20_000, signal }
const script = (text: string): readonly string[] => ['sh', '-c', text]

function told(tell: (text: string) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      tell(chunk.toString())
      done()
    },
  })
}

describe('run', () => {
  it('gives exit code and both outputs, also of a failure', async () => {
    expect(await programs.run(script('echo out; echo err >&2; exit 7'), options)).toEqual({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('sends standard input whole, even to a program that does not read it', async () => {
    const stdin = 'k'.repeat(3_000_000)
    expect((await programs.run(['wc', '-c'], { ...options, stdin })).stdout.trim()).toBe('3000000')
    expect((await programs.run(['true'], { ...options, stdin })).exitCode).toBe(0)
  })

  it('names a program that is not installed', async () => {
    await expect(programs.run(['no-such-program'], options)).rejects.toMatchObject({
      code: 'prerequisite',
      message: '"no-such-program" is not installed',
    })
  })

  it('ends a program that takes too long', async () => {
    await expect(programs.run(['sleep', '60'], { ...options, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'timeout',
    })
  })

  it('kills a program on abort, though its own child keeps the output open', async () => {
    const abort = new AbortController()
    const running = programs.stream(script('sleep 3 & echo go; wait'), {
      ...options,
      signal: abort.signal,
      stdout: told(() => abort.abort()),
      stderr: told(() => undefined),
    })
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('lets a program finish on abort when asked to', async () => {
    const abort = new AbortController()
    const seen: string[] = []
    const running = programs.stream(script('echo begin; sleep 0.3; echo end'), {
      ...options,
      signal: abort.signal,
      letFinish: true,
      stdout: told((text) => {
        seen.push(text.trim())
        abort.abort()
      }),
      stderr: told(() => undefined),
    })
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
    expect(seen).toEqual(['begin', 'end'])
  })

  it('does not start when aborted before', async () => {
    await expect(programs.run(['true'], { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    })
  })
})

describe('stream', () => {
  const nowhere = (): Writable => told(() => undefined)

  it('lets a program wait for a slow reader, and loses nothing', async () => {
    let taken = 0
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        const isFirst = taken === 0
        taken += chunk.length
        if (isFirst) setTimeout(done, 1_000)
        else done()
      },
    })
    const before = process.memoryUsage().arrayBuffers
    const running = programs.stream(script('head -c 200000000 /dev/zero; exit 3'), {
      ...options,
      stdout,
      stderr: nowhere(),
    })
    await delay(800)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
    expect(await running).toBe(3)
    expect(taken).toBe(200_000_000)
  })

  it('ends with the program though its input goes on, and with an output that takes no more', async () => {
    const stdin = new Readable({
      read() {
        this.push('y\n')
      },
    })
    const output = { stdout: nowhere(), stderr: nowhere() }
    expect(await programs.stream(['head', '-1'], { ...options, ...output, stdin })).toBe(0)
    expect(stdin.destroyed).toBe(true)
    const gone = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('gone')),
    })
    const endless = programs.stream(['yes'], { ...options, stdout: gone, stderr: nowhere() })
    await expect(endless).rejects.toThrow('gone')
  })

  it('is ended by its time limit while a reader takes nothing', async () => {
    const stuck = new Writable({ write: () => undefined })
    const limits = { signal, timeoutMs: 500 }
    const running = programs.stream(['echo', 'out'], { ...limits, stdout: stuck, stderr: nowhere() })
    await expect(running).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('pipe', () => {
  it('sends one program’s output to the other', async () => {
    const [from, to] = await programs.pipe(script('printf 12345'), ['wc', '-c'], options)
    expect([from.exitCode, to.exitCode, to.stdout.trim()]).toEqual([0, 0, '5'])
  })

  it('ends when the second one fails at once', async () => {
    const [, to] = await programs.pipe(script('yes'), script('exit 3'), options)
    expect(to.exitCode).toBe(3)
  })
})

it.each([
  ['Error: first\nError: second\n', 'first; second'],
  ['', 'exit code 4'],
])('last words of %j are %j', (stderr, words) => {
  expect(lastWords({ exitCode: 4, stdout: '', stderr })).toBe(words)
})
