import { makeCondition, withCondition } from '../contracts/condition.js'
import type { ClusterCondition, ClusterRecord } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError, PreflightError } from '../errors.js'
import { changingReason } from '../phases/index.js'
import { specChanges } from '../spec/changes.js'
import { declaredProblems } from '../spec/declared.js'
import { isRestored, refuseUnfit } from './adopt.js'
import { checkedChange } from './change.js'
import { asMade, changedSpec, halfWayFault, isAskedToChange } from './changed-spec.js'
import { passing, refuseErrors, runPreflight } from './preflight.js'
import { noteSettingsChange, refuseAgain, settingsChange } from './settings-change.js'
import { readRecord } from './tools.js'

export interface Taken {
  readonly record: ClusterRecord
  readonly actions: readonly HealAction[]
  /** Why the cluster stays what it was made by. */
  readonly refusal?: KnestError
}

/** What is asked for could not be checked, now. */
class Unchecked extends Error {
  readonly failure: KnestError

  constructor(failure: KnestError) {
    super(failure.message)
    this.failure = failure
  }
}

/**
 * Accepts the desired spec, or says on the cluster why it cannot be. Throws that where nothing was accepted before:
 * there is no cluster to look after.
 */
export async function accepted(parts: Parts, found: ClusterRecord, run: RunOptions): Promise<Taken> {
  const say = async (record: ClusterRecord, condition: ClusterCondition): Promise<ClusterRecord> => {
    const before = record.conditions.find(({ type }) => type === condition.type)
    const isSaid = before?.status === condition.status && before.message === condition.message
    if (isSaid && !isNewer(record)) return record
    const conditions = withCondition(record.conditions, condition)
    await parts.home.setStatus(record, { phase: record.phase, conditions }, run.signal)
    return { ...record, conditions, observedGeneration: record.generation }
  }
  const asked = found.desiredSpec?.kubernetesVersion
  const halfWay = asked === undefined ? undefined : halfWayFault(found, asked)
  if (halfWay !== undefined) {
    // What has begun goes on: the nodes cannot become of one version otherwise.
    const message = `${halfWay.message}; ${asked ?? ''} is looked at when that is done`
    const condition = makeCondition('Accepted', 'False', 'HalfWay', message)
    const record = await say(asMade(found), { ...condition, observedGeneration: found.generation })
    return { record, actions: [{ type: 'Warning', reason: 'Refused', message }] }
  }
  try {
    if (found.desiredProblems !== undefined) throw new PreflightError('config', found.desiredProblems)
    const { record, actions } = await acceptDesiredSpec(parts, await changing(parts, found, run.signal), run)
    const yes = makeCondition('Accepted', 'True', 'Checked', 'the cluster can be as its object asks for')
    // What was found before speaks of an object that asks for the same.
    const conditions = isNewer(record) ? record.conditions.map(anew) : record.conditions
    return { record: await say({ ...record, conditions }, yes), actions }
  } catch (error) {
    if (error instanceof Unchecked) return { record: asMade(found), actions: [], refusal: error.failure }
    if (!(error instanceof PreflightError)) throw error
    const said = error.problems.map(({ message }) => message).join('; ')
    const condition = makeCondition('Accepted', 'False', 'Refused', said)
    const record = await say(found, { ...condition, observedGeneration: found.generation })
    if (found.desiredSpec === undefined) throw error
    return { record: asMade(record), actions: [], refusal: error }
  }
}

/** Makes what the object asks for what the cluster is made by, once it was checked. */
async function acceptDesiredSpec(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<Taken> {
  const { home } = parts
  const { desiredSpec } = record
  if (home.accept === undefined) return { record, actions: [] }
  if (desiredSpec === undefined) {
    const isNew = record.phase === 'Creating'
    const spec = isNew ? await begun(parts, record, run) : record.spec
    const next = await home.accept(record, spec, run.signal)
    if (!isNew) return { record: next, actions: [] }
    await home.setStatus(record, { phase: 'Creating', conditions: [] }, run.signal)
    const action: HealAction = {
      type: 'Normal',
      reason: 'Accepted',
      message: 'the host fits; creating nodes',
    }
    return { record: { ...next, phase: 'Creating' }, actions: [action] }
  }
  const wanted = changedSpec(record, desiredSpec)
  const { changes } = specChanges(record.spec, wanted)
  if (changes.length === 0) return { record, actions: [] }
  refuseAgain(record, wanted)
  // A count that a command was forced to stays as it is.
  if (changes.some(({ path }) => path === 'controlPlane.count')) refuseDeclared(record, wanted)
  const change = await checkedChange(parts, record, wanted, run, { mayWait: true }).catch(
    (error: unknown) => {
      run.signal.throwIfAborted()
      const isRefusal = error instanceof PreflightError || !(error instanceof KnestError)
      throw isRefusal ? error : new Unchecked(error)
    },
  )
  const noted = await noteSettingsChange(parts, record, settingsChange(record, wanted), run.signal)
  const next = await home.accept(noted, wanted, run.signal)
  const phase = record.phase === 'Creating' ? 'Creating' : change.phase
  await home.setStatus(record, { phase, conditions: record.conditions }, run.signal)
  const said = changes.map(({ path, from, to }) => `${path}: ${from ?? 'nothing'} to ${to ?? 'nothing'}`)
  const action: HealAction = { type: 'Normal', reason: 'Changing', message: said.join(', ') }
  return { record: { ...next, phase }, actions: [action] }
}

/** Its object was changed since somebody last said how the cluster is. */
function isNewer({ generation, observedGeneration }: ClusterRecord): boolean {
  return generation !== observedGeneration
}

function anew({ observedGeneration: _, ...condition }: ClusterCondition): ClusterCondition {
  return condition
}

/** Says that it is to change before anything is checked, which takes its time. Gives the record as it is then. */
async function changing(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<ClusterRecord> {
  const { phase, conditions, observedGeneration } = record
  if (observedGeneration === undefined || !isNewer(record) || !isAskedToChange(record)) return record
  const message = 'what the object asks for has changed'
  const ready = makeCondition('Ready', 'False', changingReason, message)
  await parts.home.setStatus(record, { phase, conditions: withCondition(conditions, ready) }, signal)
  return readRecord(parts, record, signal)
}

/** What a cluster that nobody has worked on yet is made by, checked. */
async function begun(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<ClusterRecord['spec']> {
  if (await isRestored(parts, record, run.signal)) await refuseUnfit(parts, record, run.signal)
  // A command has decided and checked everything once.
  if (record.declared !== true) return record.spec
  refuseDeclared(record, record.spec)
  return checked(parts, record, run)
}

async function checked(parts: Parts, record: ClusterRecord, run: RunOptions): Promise<ClusterRecord['spec']> {
  const { problems, resolved } = await runPreflight(parts, record, record.spec, run)
  // Pods may wait for nodes, as those of any other object that was declared.
  refuseErrors(problems.map(passing), run.progress)
  return resolved
}

/** Throws PreflightError (`config`) with what the object asks for and a command would refuse. */
function refuseDeclared(record: ClusterRecord, spec: ClusterRecord['spec']): void {
  const problems = declaredProblems(record, spec)
  if (problems.length > 0) throw new PreflightError('config', problems)
}
