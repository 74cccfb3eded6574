import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { measureFloor } from './floor.js'
import { quickRound } from './figures.js'
import { makeReport, reportTable } from './report.js'

interface Options {
  readonly quick?: boolean
  readonly runs: string
  readonly json?: string
  readonly image: string
}

const options = new Command('bench')
  .description('times knest on the embedded host against plain kubeadm in one container, in turn')
  .option('--quick', 'create, one more worker and delete only')
  .option('--runs <number>', 'rounds; medians are taken', '3')
  .option('--json <file>', 'also write the figures there')
  .option('--image <image>', 'node image of the floor', 'localhost/knest/node:v1.35.4')
  .parse()
  .opts<Options>()

const floors = []
const rounds = []
for (let round = 1; round <= Number(options.runs); round++) {
  // In turn, so that whatever else the machine does hits both alike.
  floors.push(await measureFloor(options.image))
  rounds.push(await quickRound())
  console.error(`round ${round}: floor ${JSON.stringify(floors.at(-1))} ${JSON.stringify(rounds.at(-1))}`)
}
const report = makeReport(floors, rounds)
console.log(reportTable(report))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
