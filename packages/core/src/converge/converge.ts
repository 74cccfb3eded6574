import type { ClusterCondition, ClusterRecord } from '../contracts/cluster.js'
import type { RunOptions } from '../contracts/run-options.js'
import { makeCondition, withCondition } from '../contracts/condition.js'
import { addonsCondition } from '../observe/observe.js'
import { listNodes } from '../observe/list-nodes.js'
import { runSteps } from '../plan/run-steps.js'
import { timed } from '../plan/timed.js'
import type { UpgradePace } from '../plan/upgrade.js'
import { PlanOutdated } from '../steps/plan-outdated.js'
import { runStep } from '../steps/run-step.js'
import type { Parts } from '../contracts/parts.js'
import { backendsOf } from '../observe/backends.js'
import { pause } from '../signals.js'
import { Trouble } from './trouble.js'
import { awaitReachable, changesEndpoints, isMisnamed } from './await-reachable.js'
import { planFor } from './plan-for.js'
import type { ClusterPlan } from './plan-for.js'
import { stepContext } from './step-context.js'

/**
 * Makes the cluster as its record says, and then Ready; until then it is in the record's phase. The caller
 * holds the lock. `beforeReady` runs when all is done and the record does not say so yet.
 */
export async function converge(
  parts: Parts,
  record: ClusterRecord,
  run: RunOptions & { readonly pace?: UpgradePace },
  beforeReady: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { home } = parts
  const look = { id: 'look', title: 'Look at what there is', needs: [] }
  const makePlan = (answering?: ReadonlySet<string>, now = record): Promise<ClusterPlan> =>
    timed(run.clock, look, () => planFor(parts, now, run.signal, { pace: run.pace, answering }))
  const done = await runPlan(parts, record, run, await makePlan(), makePlan)
  const isReady = makeCondition('Ready', 'True', 'AllNodesReady', 'all nodes are Ready and DNS is Available')
  const conditions = withCondition(done, isReady)
  const all = (count: number): { desired: number; ready: number } => ({ desired: count, ready: count })
  const workers = record.spec.workers.reduce((sum, { count }) => sum + count, 0)
  const counts = { controlPlane: all(record.spec.controlPlane.count), workers: all(workers) }
  const handOver = { id: 'hand-over', title: 'Hand the cluster over', needs: ['ready'] }
  await timed(run.clock, handOver, async () => {
    if (record.phase === 'Creating' || record.phase === 'Resuming') {
      await awaitHostReady(parts, record, run.signal)
      // From now on only control planes whose API server answers get traffic.
      await home.ensureAddresses({ ...record, phase: 'Ready' }, [], run.signal)
    }
    // A load balancer's address may have come since the plan was made.
    if (await isMisnamed(home, record, run.signal))
      await runPlan(parts, record, run, await makePlan(), makePlan)
    await beforeReady()
  })
  await home.setStatus(record, { phase: 'Ready', conditions, ...counts }, run.signal)
}

/** A disk that goes while one plan is carried out may go while the next one is. */
const mostPlans = 3

/**
 * Carries a plan out, and says so in the record under its phase. Gives the conditions it left there. A step that finds
 * something else than what was planned for has another plan made, by `again`; so has, for a command, one that ended
 * by what may pass, until the command's own time is over: every step may be interrupted and run again. It is made
 * with what the record says by then.
 */
export async function runPlan(
  parts: Parts,
  record: ClusterRecord,
  run: RunOptions & { readonly keepGoing?: boolean },
  plan: ClusterPlan,
  again: (answering: ReadonlySet<string>, now: ClusterRecord) => Promise<ClusterPlan>,
): Promise<readonly ClusterCondition[]> {
  let now = record
  const note = (conditions: readonly ClusterCondition[]): void => void (now = { ...record, conditions })
  const trouble = new Trouble(run)
  const answering = new Set<string>()
  for (let plans = 1, current: ClusterPlan | undefined = plan; ;) {
    try {
      current ??= await again(answering, now)
      return await runOnce(parts, now, run, current, note)
    } catch (error) {
      if (error instanceof PlanOutdated && plans < mostPlans) {
        plans++
        if (error.node !== undefined) answering.add(error.node)
        run.progress.note(`${error.message}: looking again`)
      } else await trouble.passed(error)
      current = undefined
    }
  }
}

async function runOnce(
  parts: Parts,
  record: ClusterRecord,
  run: RunOptions & { readonly keepGoing?: boolean },
  plan: ClusterPlan,
  note: (conditions: readonly ClusterCondition[]) => void,
): Promise<readonly ClusterCondition[]> {
  const { home } = parts
  const { phase } = record
  const { steps, nodes, silent } = plan
  for (const { node, reason } of silent)
    run.progress.warn(`node "${node}" runs and gives no answer, and is left as it is: ${reason}`)
  const context = stepContext(parts, record, nodes, plan, run)
  let conditions = record.conditions
  const say = async (changed: ClusterCondition): Promise<void> => {
    conditions = withCondition(conditions, changed)
    await home.setStatus(record, { phase, conditions }, run.signal)
    note(conditions)
  }
  try {
    // A cluster that begins anew has what the one before it had no more, also when this run does not get far.
    const wasInstalled = conditions.some(({ type, status }) => type === addonsCondition && status === 'True')
    if (wasInstalled && steps.some(({ kind }) => kind === 'install-addons'))
      await say(
        makeCondition(addonsCondition, 'False', 'BeginsAnew', 'network, DNS and storage are to be installed'),
      )
    await runSteps(
      steps,
      async (step, progress, signal, part) => {
        await runStep(context, step, progress, signal, part)
        if (step.kind === 'install-addons')
          await say(
            makeCondition(addonsCondition, 'True', 'Installed', 'network, DNS and storage were installed'),
          )
        if (step.kind === 'ensure-addresses' && context.reservations.size > 0) {
          const kept = [...context.reservations].filter(([node]) => context.nodeNames.includes(node))
          const addresses = kept.map(([node, { ip, mac }]) => ({ node, ip, mac }))
          await home.setStatus(record, { phase, conditions, addresses }, signal)
        }
      },
      run,
    )
    // A cluster that is handed over is looked at then, and the controller has no kubeconfig to keep right.
    const isCommand = run.onlyIfFree !== true && phase !== 'Creating' && phase !== 'Resuming'
    if (isCommand && changesEndpoints(steps)) await awaitReachable(home, record, run)
    return conditions
  } finally {
    context.api?.close()
  }
}

/**
 * Gives the host a moment to notice that the API servers answer: it looks every two seconds, and sends
 * traffic only to those it has seen. A host that is slower than this is no failure.
 */
async function awaitHostReady(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<void> {
  const backends = await backendsOf(parts, record)
  for (let tries = 0; tries < 40; tries++) {
    const nodes = await listNodes(record, backends, signal)
    if (nodes.every(({ role, ready }) => role === 'worker' || ready)) return
    await pause(250, signal)
  }
}
