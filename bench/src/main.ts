import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { figureKinds, isFigureName, type FigureName } from './figures.js'
import { measureFloor } from './floor.js'
import { memoryPlot, ratioPlot } from './plot.js'
import { makeReport, reportTable } from './report.js'
import { measureRound } from './round.js'
import { quickFigures, scenariosFor } from './scenarios/index.js'

interface Options {
  readonly quick?: boolean
  readonly rounds: number
  readonly only?: readonly FigureName[]
  readonly json?: string
  readonly plots?: string
  readonly image: string
  readonly cluster: string
}

const options = new Command('bench')
  .description('times knest on the embedded host against plain kubeadm in one container, in turn')
  .option('--quick', `only ${quickFigures.join(', ')}`)
  .option('--only <figures>', `comma-separated: ${Object.keys(figureKinds).join(', ')}`, figureNames)
  .option('--rounds <number>', 'medians are taken', roundCount, 3)
  .option('--json <file>', 'also write the figures there')
  .option('--plots <folder>', 'also draw them there')
  .option('--image <image>', 'node image of the floor', 'localhost/knest/node:v1.35.4')
  .option('--cluster <name>', 'name of the clusters it makes', 'bench')
  .parse()
  .opts<Options>()

const wanted = options.only ?? (options.quick === true ? quickFigures : [])
const floors = []
const rounds = []
for (let round = 1; round <= options.rounds; round++) {
  // In turn, so that whatever else the machine does hits both alike.
  const floor = await measureFloor(options.image, {
    join: wanted.length === 0 || wanted.includes('floor-join'),
  })
  floors.push(floor)
  rounds.push(await measureRound(scenariosFor(wanted), floor, options))
  console.error(`round ${round}: floor ${JSON.stringify(floor)} ${JSON.stringify(rounds.at(-1))}`)
}
const report = makeReport(floors, rounds)
console.log(reportTable(report))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
if (options.plots !== undefined) {
  mkdirSync(options.plots, { recursive: true })
  writeFileSync(join(options.plots, 'bench-times.svg'), ratioPlot(report))
  writeFileSync(join(options.plots, 'bench-memory.svg'), memoryPlot(report))
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
