import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundleFakeProcess } from './fake-process-bundle.js'

const limit = 120_000
const folder = mkdtempSync(join(tmpdir(), 'knest-process-'))
const program = join(folder, 'knest.mjs')
let home: string

beforeAll(() => bundleFakeProcess(program), limit)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => {
  home = mkdtempSync(join(folder, 'home-'))
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was done on the host, and how the clusters there are. */
  readonly done: string
}

/** Runs a line of bash in which `knest` is the command on a fake host; gives what bash itself wrote. */
async function bash(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn('bash', ['-c', `set -o pipefail; knest() { "$NODE" "$PROGRAM" "$@"; }; ${line}`], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      NODE: process.execPath,
      PROGRAM: program,
      KNEST_FAKE_LOG: log(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ])
  return { code, stdout, stderr, done: existsSync(log()) ? readFileSync(log(), 'utf8') : '' }
}

const log = (): string => join(home, 'log')

describe('the output', () => {
  test.each([
    ['a reader of all of it that goes', 'knest create a 2>&1 | head -1'],
    ['a reader that goes before the first line', 'knest create a 2>&1 | true'],
    ['a reader that has found what it looked for', 'knest create a 2>&1 | grep -q created'],
    ['a reader of the results that goes', 'knest create a 2>/dev/null | true'],
    ['closed standard output', 'knest create a >&-'],
    ['closed standard error', 'knest create a 2>&-'],
    ['closed standard input', 'knest create a <&-'],
    ['everything closed', 'knest create a <&- >&- 2>&-'],
    ['a full standard error', 'knest create a 2>/dev/full'],
    ['no colours', 'NO_COLOR=1 TERM=dumb COLUMNS=20 knest create a'],
    ['no terminal type', 'TERM= knest create a'],
    ['JSON lines to nobody', 'knest create a --progress json 2>&1 | true'],
    ['a display of progress to nobody', 'knest create a --progress tty 2>&1 | true'],
    ['a folder that is gone', 'mkdir gone; cd gone; rmdir "$PWD"; knest create a'],
  ])(
    '%s does not end the work',
    async (_name, line) => {
      const { code, stderr, done } = await bash(`cd "$HOME"; ${line}`)
      expect(stderr).not.toMatch(/ at |bug in knest/)
      expect(done).toContain('a is Ready')
      expect(code).toBe(0)
    },
    limit,
  )

  test.each([
    ['list', 'knest list >/dev/full'],
    ['status', 'knest status quickstart -o json >/dev/full'],
    ['kubeconfig', 'knest kubeconfig quickstart >/dev/full'],
    ['help', 'knest --help >/dev/full'],
    ['the schema', 'knest schema >/dev/full'],
    ['all of it', 'knest list >/dev/full 2>&1'],
  ])(
    'of %s that finds no room is one line and an exit code',
    async (_name, line) => {
      const { code, stderr } = await bash(line)
      expect(code).toBe(3)
      expect(stderr).toMatch(
        line.endsWith('2>&1') ? /^$/ : /^error: the output could not be written: ENOSPC.*\n$/,
      )
    },
    limit,
  )
})

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s lets the work let go, and the second one ends at once',
    async (signal, atOnce) => {
      const first = start('hang')
      await first.waiting
      first.child.kill(signal)
      expect(await first.ended).toBe(130)
      expect(first.stderr()).toContain('error: interrupted: cluster "a" in namespace "knest-a" is Creating')

      const stuck = start('stuck')
      await stuck.waiting
      stuck.child.kill(signal)
      await stuck.says('again leaves at once')
      stuck.child.kill(signal)
      expect(await stuck.ended).toBe(atOnce)
    },
    limit,
  )
})

interface Running {
  readonly child: ReturnType<typeof spawn>
  readonly waiting: Promise<void>
  readonly ended: Promise<number>
  stderr(): string
  says(words: string): Promise<void>
}

/** A create whose nodes do not come. */
function start(story: 'hang' | 'stuck'): Running {
  const child = spawn(process.execPath, [program, 'create', 'a'], {
    env: { PATH: process.env.PATH, HOME: home, KNEST_FAKE_STORY: story },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const says = async (words: string): Promise<void> => {
    while (!said.includes(words)) await once(child.stderr, 'data')
  }
  return {
    child,
    waiting: says('waiting'),
    // A child that a signal ended has no code.
    ended: once(child, 'close').then(([code]) => code as number),
    stderr: () => said,
    says,
  }
}
