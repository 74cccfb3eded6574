// `npm run world:take-backs [-- --seeds N] [NAME…]`: takes each mend of a way to lose a cluster back in a copy of the
// sources, and says by which seed of the simulated world and by which test that is found. docs/testing.md.
import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleWorld } from './bundle-world.mjs'
import { takeBacks } from './take-backs-table.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const patches = `${root}packages/testing/src/world/take-backs/`
const { values, positionals } = parseArgs({
  options: { seeds: { type: 'string', default: '2000' } },
  allowPositionals: true,
})

function run(command, argv, cwd) {
  const child = spawn(command, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => (text += part))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, text }))
  })
}

const outfileOf = (name) => `${root}node_modules/.cache/knest/take-back-${name}.mjs`

/** The first seed from `from` that breaks a promise; undefined when none of `count` does. `more`: flags of the world. */
async function firstBroken(name, from, count, ...more) {
  const argv = [outfileOf(name), '--until-broken', '--from', String(from), '--seeds', String(count), ...more]
  const { code, text } = await run(process.execPath, argv, root)
  if (code !== 0) throw new Error(`the world of ${name} ended with ${code}:\n${text}`)
  return JSON.parse(text.trim().split('\n').at(-1)) ?? undefined
}

/** The same, but for seeds that break that promise also with the mend in place. Those that are remembered come first. */
async function foundBySeed(name, folder) {
  await bundleWorld(`${folder}/`, outfileOf(name))
  const remembered = await firstBroken(name, 1, 0, '--remembered')
  if (remembered !== undefined) return remembered
  const last = Number(values.seeds)
  for (let from = 1; from <= last;) {
    const found = await firstBroken(name, from, last - from + 1)
    if (found === undefined) return undefined
    if ((await firstBroken('none', found.seed, 1))?.promise !== found.promise) return found
    from = found.seed + 1
  }
  return undefined
}

async function failsIn(test, folder) {
  const { code, text } = test.go
    ? await run('go', ['test', '-run', test.go, './...'], join(folder, test.file))
    : await run('npx', ['vitest', 'run', '--project', 'unit', test.file], folder)
  // A test that cannot be run proves nothing.
  if (code !== 0 && !/--- FAIL|Tests .*failed/.test(text)) throw new Error(`${test.file}: ${text}`)
  return code !== 0
}

async function takeBack({ name, mend, world, test }) {
  const folder = await mkdtemp(join(tmpdir(), 'knest-take-back-'))
  try {
    const isSource = (path) => !/^(node_modules|dist|\.git|\.turbo|coverage)$/.test(basename(path))
    await cp(root, folder, { recursive: true, filter: isSource })
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const applied = await run('git', ['apply', `${patches}${name}.patch`], folder)
    if (applied.code !== 0) throw new Error(`${name}.patch does not apply any more:\n${applied.text}`)
    const byTest = test === undefined ? undefined : await failsIn(test, folder)
    const bySeed = world ? await foundBySeed(name, folder) : undefined
    const seed = bySeed && `${bySeed.promise}: ${bySeed.text.slice(0, 160)}`
    console.log(`${mend}\n  seed: ${bySeed ? `${bySeed.seed} (${seed})` : world ? 'none' : '-'}`)
    console.log(`  test: ${test === undefined ? '-' : `${test.file} ${byTest ? 'fails' : 'DOES NOT FAIL'}`}`)
    return bySeed !== undefined || byTest === true
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

await bundleWorld(root, outfileOf('none'))
let found = 0
const wanted = takeBacks.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
for (const one of wanted)
  try {
    if (await takeBack(one)) found++
  } catch (error) {
    console.error(`${one.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
console.log(`${found} of ${wanted.length} mends are missed when they are taken back`)
process.exitCode = wanted.length > 0 && found === wanted.length ? 0 : 1
