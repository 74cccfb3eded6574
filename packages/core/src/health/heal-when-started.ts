import { clusterCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealReport, HealRun } from '../contracts/health.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError, NodeCommandError } from '../errors.js'
import { isOutage } from '../kube/temporary.js'
import { timeoutFactorOf } from '../observe/backends.js'
import { phaseTable } from '../phases/index.js'
import { endedWith, pause } from '../signals.js'
import { areBack, startMs } from './ended-meanwhile.js'
import { heal } from './heal.js'
import { look } from './look.js'

const lookMs = 1_000
/** As a shell has it: 128 + SIGKILL. */
const killed = 137
/** How often a node may end under it. */
const mostEnds = 3

/**
 * Heals for who looks only once: an API server that is starting is waited for, and so is a node that ended meanwhile;
 * then all is looked at again, as it is where a node was started again while something ran on it, or could not be
 * reached for a command as long as a start may take. A cluster that stays in the middle of something since nobody could
 * ask it is a failure. `read` gives the record as it is then.
 */
export async function healWhenStarted(
  parts: Parts,
  read: () => Promise<ClusterRecord>,
  run: HealRun,
): Promise<HealReport> {
  const begun = Date.now()
  let report = await heal(parts, await read(), run)
  for (let ends = 0; ;) {
    const { failure } = report
    if (isKilled(report)) {
      if (++ends === mostEnds) return report
      run.progress.note(`${report.failure.message}: looking again`)
    } else if (isOutage(failure)) {
      const limitMs = startMs * (await timeoutFactorOf(parts, await read()))
      if (Date.now() >= begun + limitMs) return report
      run.progress.note(`${failure.message}: looking again`)
      await pause(lookMs, run.signal).catch(() => undefined)
    } else if (!foundNoApi(report)) {
      const isBack = await areBack(parts, await read(), report, run)
      if (!isBack || ++ends === mostEnds) return report
    } else {
      const record = await read()
      const why = await run.progress.phase('Wait for the API server', () => awaitAnswer(parts, record, run))
      if (why !== undefined)
        return phaseTable[report.phase].isChanging ? { ...report, failure: noAnswer(record, why) } : report
    }
    const again = await healAgain(parts, read, failure, run)
    const done = report.actions.filter(({ type }) => type === 'Normal')
    report = { ...again, actions: [...done, ...again.actions] }
  }
  return report
}

/** That the time is over is less than what was in the way before. */
async function healAgain(
  parts: Parts,
  read: () => Promise<ClusterRecord>,
  before: Error | undefined,
  run: HealRun,
): Promise<HealReport> {
  try {
    return await heal(parts, await read(), run)
  } catch (error) {
    if (!run.signal.aborted || before === undefined) throw error
    throw endedWith(run.signal, before.message, error)
  }
}

/** A command ended by SIGKILL: with the container that it ran in, which the host starts again. */
function isKilled(report: HealReport): report is HealReport & { readonly failure: Error } {
  return report.failure instanceof NodeCommandError && report.failure.exitCode === killed
}

const unasked = ['unknown', 'host', 'absent']

function foundNoApi({ phase, failure, nodes }: HealReport): boolean {
  if (phase === 'Ready' || failure !== undefined) return false
  return nodes.every(({ health }) => unasked.includes(health))
}

/** Undefined when there is something to go on with; otherwise why nothing is to be waited for any more. */
async function awaitAnswer(
  parts: Parts,
  record: ClusterRecord,
  { signal }: HealRun,
): Promise<string | undefined> {
  const limitMs = startMs * (await timeoutFactorOf(parts, record))
  const begun = Date.now()
  let why = ''
  try {
    // The host's probe of a control plane is no event that every backend could tell.
    for (;;) {
      const { nodes, members, verdicts } = await look(parts, record, signal)
      if (members !== undefined || verdicts.some(({ health }) => health === 'absent')) return undefined
      const controlPlanes = nodes.filter(({ role }) => role === 'control-plane')
      why = controlPlanes.map(stateOf).join(', ')
      const isStarting = ({ startedAt }: BackendNode): boolean =>
        Date.now() < Math.min(begun, startedAt === undefined ? begun : Date.parse(startedAt)) + limitMs
      if (!controlPlanes.some(isStarting)) return why
      await pause(lookMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
    throw endedWith(signal, noAnswer(record, why).message, error)
  }
}

function stateOf({ name, phase, startedAt, reason }: BackendNode): string {
  if (phase !== 'running') return `node "${name}" does not run: ${reason ?? phase}`
  return `node "${name}" runs${startedAt === undefined ? '' : ` since ${startedAt}`}`
}

function noAnswer(record: ClusterRecord, why: string): KnestError {
  return new KnestError('timeout', `the API server of cluster "${record.name}" does not answer: ${why}`, {
    hint: `see what is wrong with ${clusterCommand('status', record)}`,
  })
}
