import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const library = fileURLToPath(new URL('../../../hack/lib/artefacts.sh', import.meta.url))
const limit = 60_000

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'knest-cache-'))
})
afterEach(() => rmSync(cache, { recursive: true, force: true }))

function script(text: string): readonly [string, string[], { env: NodeJS.ProcessEnv }] {
  const whole = `set -euo pipefail\n. "${library}"\n${text}`
  return ['bash', ['-c', whole], { env: { ...process.env, KNEST_CACHE: cache } }]
}

function run(text: string): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    const [program, args, options] = script(text)
    execFile(program, args, options, (error, _, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stderr }),
    )
  })
}

/** What a build that was killed an hour ago has left. */
function leave(name: string): string {
  const left = join(cache, name)
  mkdirSync(join(left, 'root/usr'), { recursive: true })
  writeFileSync(join(left, 'root/usr/file'), 'x')
  const anHourAgo = Date.now() / 1000 - 3600
  utimesSync(left, anHourAgo, anHourAgo)
  return name
}

describe('the cache of build results', () => {
  it(
    'has an artefact under its name, once, and nothing of the work on it',
    async () => {
      const build =
        'build() { echo made >&2; mktemp >/dev/null; printf whole >"$target"; }\nartefact a 1 build .tar'
      expect((await run(build)).code).toBe(0)
      expect(readdirSync(cache)).toEqual(['a-1.tar'])
      expect(readFileSync(join(cache, 'a-1.tar'), 'utf8')).toBe('whole')
      expect((await run('build() { exit 1; }\nartefact a 1 build .tar')).code).toBe(0)
    },
    limit,
  )

  it.each([
    ['at its end', 'printf half >"$target"; false'],
    ['in its middle', 'printf half >"$target"; false; chmod 644 "$target"'],
    ['in a pipe', 'false | cat >"$target"; true'],
    ['without a word of it', 'true'],
  ])(
    'takes none from a build that fails %s',
    async (_, body) => {
      const { code } = await run(`build() { ${body}; }\nartefact a 1 build .tar\necho went on >&2`)
      expect(code).not.toBe(0)
      expect(readdirSync(cache)).toEqual([])
    },
    limit,
  )

  it(
    'loses what killed builds have left, at the next build',
    async () => {
      leave('work.abcdef')
      await run('build() { echo x >"$target"; }\nartefact a 1 build')
      expect(readdirSync(cache)).toEqual(['a-1'])
    },
    limit,
  )

  it(
    'keeps the work of a build that runs',
    async () => {
      // It is as old as one that was killed.
      const [program, args, options] = script(
        'build() { echo y >"$scratch/half"; touch -d "1 hour ago" "$scratch"; echo begun >&3; read -r _ <&4; mv "$scratch/half" "$target"; }\nartefact slow 1 build',
      )
      const slow = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
      const ended = once(slow, 'exit')
      const [, , , begun, go] = slow.stdio
      await once(begun as NodeJS.ReadableStream, 'data')
      leave('work.abcdef')
      await run('build() { echo x >"$target"; }\nartefact a 1 build')
      ;(go as NodeJS.WritableStream).end('go\n')
      expect(await ended).toEqual([0, null])
      expect(readdirSync(cache).sort()).toEqual(['a-1', 'slow-1'])
    },
    limit,
  )
})
