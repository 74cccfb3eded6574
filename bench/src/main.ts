import { mkdirSync, writeFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { figureKinds, isFigureName, type FigureName } from './figures.js'
import { measureFloor } from './floor.js'
import { memoryPlot, ratioPlot } from './plot.js'
import { knestOf, ownBinary } from './knest.js'
import { comparisonTable, makeReport, reportTable } from './report.js'
import { measureRound, type Floors, type Measured } from './round.js'
import { quickFigures, scenariosFor } from './scenarios/index.js'

interface Options {
  readonly quick?: boolean
  readonly rounds: number
  readonly only?: readonly FigureName[]
  readonly json?: string
  readonly plots?: string
  readonly image: string
  readonly cluster: string
  readonly beside?: string
}

const options = new Command('bench')
  .description('times knest on the embedded host against kubeadm in one container, plain and tuned, in turn')
  .option('--quick', `only ${quickFigures.join(', ')}`)
  .option('--only <figures>', `comma-separated: ${Object.keys(figureKinds).join(', ')}`, figureNames)
  .option('--rounds <number>', 'medians are taken', roundCount, 3)
  .option('--json <file>', 'also write the figures there')
  .option('--plots <folder>', 'also draw them there')
  .option('--image <image>', 'node image of the floor', 'localhost/knest/node:v1.35.4')
  .option('--cluster <name>', 'name of the clusters it makes', 'bench')
  .option(
    '--beside <file>',
    'the program of another build (its packages/cli/dist/knest.cjs), measured in turn',
  )
  .parse()
  .opts<Options>()

const wanted = options.only ?? (options.quick === true ? quickFigures : [])
const floors: Floors[] = []
const rounds: Measured[] = []
const besideRounds: Measured[] = []
// Whoever goes second finds warmer caches: they change places each round.
const builds = [{ binary: ownBinary, measured: rounds }]
if (options.beside !== undefined) builds.push({ binary: options.beside, measured: besideRounds })
for (let round = 1; round <= options.rounds; round++) {
  // In turn, so that whatever else the machine does hits both alike.
  const join = wanted.length === 0 || wanted.includes('floor-join')
  const floor = {
    plain: await measureFloor(options.image, { kind: 'plain', join }),
    tuned: await measureFloor(options.image, { kind: 'tuned', join: false }),
  }
  floors.push(floor)
  for (const { binary, measured } of builds) {
    const bench = { ...options, knest: knestOf(binary) }
    measured.push(await measureRound(scenariosFor(wanted), floor, bench))
    console.error(
      `round ${round}: ${binary}: floor ${JSON.stringify(floor)} ${JSON.stringify(measured.at(-1))}`,
    )
  }
  builds.reverse()
}
const report = makeReport(floors, rounds)
console.log(reportTable(report))
if (options.beside !== undefined) console.log(`\n${comparisonTable(rounds, besideRounds)}`)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
if (options.plots !== undefined) {
  mkdirSync(options.plots, { recursive: true })
  writeFileSync(joinPath(options.plots, 'bench-times.svg'), ratioPlot(report))
  writeFileSync(joinPath(options.plots, 'bench-memory.svg'), memoryPlot(report))
}
const failures = [...rounds, ...besideRounds].flatMap(({ failed }) => failed)
if (failures.length > 0) {
  console.error(`failed: ${[...new Set(failures)].join(', ')}`)
  process.exitCode = 1
}

function figureNames(text: string): readonly FigureName[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !isFigureName(name))
  if (unknown.length > 0) throw new InvalidArgumentError(`there is no figure ${unknown.join(', ')}`)
  return names.filter(isFigureName)
}

function roundCount(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1) throw new InvalidArgumentError('give a number from 1')
  return rounds
}
