import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { collectText } from '@knest/core'
import { merged, runBatch, type BatchResult } from './batch.js'
import { coverageTable } from './coverage.js'
import { knownFaults, shownBy } from './known-faults.js'
import { replayOf } from './replay.js'
import { rememberedSeeds } from './remembered-seeds.js'
import { shrink } from './shrink.js'
import { storyOf, tell } from './story.js'
import { timeline } from './timeline.js'
import { warmUp } from './warm-up.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '100' },
    // `now`: seeds that nobody has told before.
    from: { type: 'string', default: '1' },
    remembered: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '1' },
    // What is found new is printed and does not fail the run.
    'new-may-fail': { type: 'boolean', default: false },
    seconds: { type: 'string', default: '86400' },
    // Only the first seed that breaks a promise, known or not, as JSON; null for none.
    'until-broken': { type: 'boolean', default: false },
    // Stories of these seeds that a host can be told too, as JSON: e2e/src/stories.test.ts.
    replay: { type: 'string' },
    // For the processes that share a batch.
    part: { type: 'string' },
  },
})

const first = values.from === 'now' ? Math.floor(Date.now() / 1_000) : Number(values.from)
const print = (text: string): void => void process.stdout.write(`${text}\n`)
const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function tellOne(seed: number): Promise<boolean> {
  const told = await tell(storyOf(seed))
  if (values.trace) print(timeline(told.trace))
  const { known, news } = shownBy(told.broken)
  for (const { promise, text } of told.broken) print(`BROKEN ${promise}: ${text}`)
  if (known !== undefined) print(`known: ${known.key}`)
  print(`seed ${seed}: ${told.steps} steps, ${told.broken.length} promises broken`)
  const [broken] = told.broken
  if (values.shrink && broken !== undefined) {
    const least = await shrink(told, broken)
    print(`\nthe same with ${least.story.happenings.length} happenings:\n${timeline(least.trace)}`)
  }
  return news.length === 0
}

async function tellUntilBroken(): Promise<void> {
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => first + index)
  for (const seed of [...(values.remembered ? rememberedSeeds : []), ...seeds]) {
    const [broken] = (await tell(storyOf(seed))).broken
    if (broken === undefined) continue
    print(JSON.stringify({ seed, ...broken }))
    return
  }
  print('null')
}

/** Seeds that broke a promise once. Tells them again; those that break it in a known way are named. */
async function tellRemembered(): Promise<boolean> {
  let isWell = true
  for (const seed of rememberedSeeds) {
    const { broken } = await tell(storyOf(seed))
    const { known, news } = shownBy(broken)
    if (known !== undefined) print(`remembered seed ${seed} is expected to fail: ${known.key}`)
    for (const { promise, text } of news) print(`remembered seed ${seed}: ${promise}: ${text}`)
    isWell &&= news.length === 0
  }
  return isWell
}

async function tellMany(): Promise<boolean> {
  const began = Date.now()
  const jobs = Number(values.jobs)
  const parts = await Promise.all(Array.from({ length: jobs }, (_, part) => partOf(part, jobs)))
  const result = merged(parts)
  for (const { seed, said } of result.news) print(`seed ${seed}: ${said}`)
  for (const [key, seeds] of Object.entries(result.known))
    print(`known: ${key}: ${seeds.length} seeds, as ${seeds.slice(0, 5).join(', ')}`)
  for (const { key } of knownFaults.filter((fault) => result.known[fault.key] === undefined))
    print(`known, and not seen this time: ${key}`)
  print(coverageTable(new Set(result.coverage)))
  const took = Math.round((Date.now() - began) / 1_000)
  const bad = new Set(result.news.map(({ seed }) => seed)).size
  print(`${result.seeds} seeds from ${first}, ${result.steps} steps in ${took} s; ${bad} not known`)
  const isIdle = result.seeds >= 20 && !result.coverage.some((met) => met.split(' × ')[1] === 'Ready')
  if (isIdle)
    print('no cluster of any story was ever Ready: a world in which nothing happens breaks no promise')
  return !isIdle && (bad === 0 || values['new-may-fail'])
}

/** A share of the batch, in a process of its own when there are several. */
async function partOf(part: number, jobs: number): Promise<BatchResult> {
  const [from, count] = [first + part, Math.ceil((Number(values.seeds) - part) / jobs)]
  const seconds = Number(values.seconds)
  if (jobs === 1) return runBatch({ from, count, step: 1, seconds, say })
  const argv = ['--seeds', String(count), '--from', String(from), '--seconds', String(seconds)]
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...argv, '--part', String(jobs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { stdout } = await collectText(async (output) => {
    child.stdout.pipe(output.stdout, { end: false })
    return new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)))
  })
  return JSON.parse(stdout) as BatchResult
}

await warmUp()
if (values['until-broken']) await tellUntilBroken()
else if (values.replay !== undefined)
  for (const seed of values.replay.split(',')) print(JSON.stringify(await replayOf(Number(seed))))
else if (values.part !== undefined) {
  const [from, count, step] = [values.from, values.seeds, values.part].map(Number) as [number, number, number]
  print(JSON.stringify(await runBatch({ from, count, step, seconds: Number(values.seconds), say })))
} else {
  const wasWell = values.remembered ? await tellRemembered() : true
  const isWell =
    (values.seed === undefined ? await tellMany() : await tellOne(Number(values.seed))) && wasWell
  process.exitCode = isWell ? 0 : 1
}
