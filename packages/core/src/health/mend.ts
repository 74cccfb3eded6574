import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { runPlan } from '../converge/converge.js'
import { planFor, type ClusterPlan } from '../converge/plan-for.js'
import { KnestError } from '../errors.js'
import { DataLost } from '../observe/lost-data.js'
import { awaitTouched, touchedNodes } from '../plan/await-touched.js'
import { isActing, type Step } from '../plan/step.js'
import { anySignal } from '../signals.js'
import type { NodeVerdict } from './assess.js'
import type { Seen } from './look.js'

/** Without the nested API only nodes that the host has lost can be made again, and that is quick. */
const blindMs = 180_000

export interface Mended {
  readonly actions: readonly HealAction[]
  readonly conditions: ClusterRecord['conditions']
  /** The cluster is as its record says, but for nodes that are left to others. */
  readonly finished: boolean
  /** Names of nodes that said what they are, or were made what they should be. */
  readonly asked: ReadonlySet<string>
}

interface Attempts extends RunOptions {
  /** Runs the work; gives undefined when it fails, which is remembered. */
  readonly attempt: <T>(work: () => Promise<T>) => Promise<T | undefined>
}

/**
 * Makes everything as the record says. `left`: nodes that could not be taken away, for which nothing is done now.
 */
export async function mend(
  parts: Parts,
  record: ClusterRecord,
  { members, verdicts }: Seen,
  left: readonly string[],
  { attempt, ...run }: Attempts,
): Promise<Mended> {
  const nobody = { actions: [], conditions: record.conditions, asked: new Set<string>() }
  const isBlind = members === undefined
  const isAbsent = verdicts.some(({ health }) => health === 'absent')
  const makePlan = (answering?: ReadonlySet<string>): Promise<ClusterPlan> =>
    planFor(parts, record, run.signal, { left, answering })
  // Who cannot even be asked is nothing to plan with: the state of the nodes says why.
  const plan = await attempt(
    isBlind && !isAbsent
      ? () => makePlan().catch((error: unknown) => unlessSilent(error, run.signal))
      : () => makePlan(),
  )
  if (plan === undefined) return { ...nobody, finished: false }
  const acting = plan.steps.filter(isActing)
  const touched = touchedNodes(acting)
  const asked = new Set(answering(plan).filter((name) => !touched.includes(name)))
  const nothing = { ...nobody, asked }
  const isReviving = acting.some((step) => revivesApi(step, verdicts))
  // Nothing can join, and nothing is to be made: whoever waits for the API waits for the host.
  if (isBlind && !isAbsent && !isReviving) return { ...nothing, finished: false }
  if (acting.length === 0) return { ...nothing, finished: true }
  const bounded =
    isBlind && !isReviving ? { ...run, signal: anySignal(run.signal, AbortSignal.timeout(blindMs)) } : run
  const touching = (made: ClusterPlan): ClusterPlan => ({ ...made, steps: awaitTouched(made.steps) })
  const again = async (answering: ReadonlySet<string>): Promise<ClusterPlan> =>
    touching(await makePlan(answering))
  const conditions = await attempt(() =>
    runPlan(parts, record, { ...bounded, keepGoing: true }, touching(plan), again),
  )
  if (conditions === undefined) return { ...nothing, finished: false }
  const message = acting.map(({ title }) => title).join('; ')
  return {
    actions: [{ type: 'Normal', reason: 'Mended', message }],
    conditions,
    finished: true,
    asked: new Set([...asked, ...touched]),
  }
}

function answering({ nodes, silent }: ClusterPlan): readonly string[] {
  const running = nodes.filter(({ phase }) => phase === 'running').map(({ name }) => name)
  return running.filter((name) => !silent.some(({ node }) => node === name))
}

/** An API server that is silent for want of this step comes back by it, and by nothing else. */
function revivesApi(step: Step, verdicts: readonly NodeVerdict[]): boolean {
  if (step.kind === 'renew-certificates' || step.kind === 'start-member') return true
  // It is to go, and etcd may lack it.
  if (step.kind === 'ensure-node') return !verdicts.some(({ name }) => name === step.node.name)
  // Its former ones come back, where those that it is being given do not work.
  if (step.kind === 'change-settings' && step.role === 'control-plane') return true
  if (step.kind !== 'upgrade-node' || step.node.role !== 'control-plane') return false
  return verdicts.some(({ name, health }) => name === step.node.name && health === 'unknown')
}

function unlessSilent(error: unknown, signal: AbortSignal): undefined {
  signal.throwIfAborted()
  if (!(error instanceof KnestError) || error instanceof DataLost) throw error
}
