import type { FigureName } from '../figures.js'
import { command } from './command.js'
import { threeAndThree, threeWorkers } from './larger.js'
import { loadBalancer } from './load-balancer.js'
import { load } from './load.js'
import { oneNode } from './one-node.js'
import { oneWorker, tenWorkers } from './one-worker.js'
import { peers } from './peers.js'
import { restart } from './restart.js'
import type { Scenario } from './scenario.js'

const all: readonly Scenario[] = [
  ...[oneWorker, threeWorkers, threeAndThree, oneNode, tenWorkers, restart, command],
  ...[load, loadBalancer],
  ...peers,
]

export const quickFigures: readonly FigureName[] = oneWorker.figures

/** Those that measure any of the figures; all when none is named. */
export function scenariosFor(figures: readonly FigureName[]): readonly Scenario[] {
  if (figures.length === 0) return all
  return all.filter((scenario) => scenario.figures.some((name) => figures.includes(name)))
}
