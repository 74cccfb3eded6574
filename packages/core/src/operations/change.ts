import { isDeepStrictEqual } from 'node:util'
import { addressProblems } from '../addresses/node-addresses.js'
import type { ClusterPhase, ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { PlannedStep } from '../contracts/clusters.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { converge } from '../converge/converge.js'
import { planFor } from '../converge/plan-for.js'
import type { Problem } from '../errors.js'
import { backendsOf } from '../observe/backends.js'
import { readRegistries } from '../registries/index.js'
import type { UpgradePace } from '../plan/upgrade.js'
import { areSameSettings } from '../kubeadm/settings-digest.js'
import { SettingsRefused } from '../steps/settings-refused.js'
import { settingsProblems } from './kept-settings.js'
import { formerSpec, noteSettingsChange, refuseBoth, settingsChange, takenBack } from './settings-change.js'
import { readRecord } from './tools.js'
import { sourceProblems } from './settings-sources.js'
import { additionProblems } from './additions.js'
import { isError, passing, refuseErrors } from './preflight.js'
import { imageProblems, phaseOfChange, refuseFixedImages } from './upgraded-spec.js'

/** A cluster and the spec it shall have. What `checkedChange` gives may be carried out, or only planned. */
export interface Change {
  readonly before: ClusterRecord
  readonly spec: ClusterSpec
  readonly phase: ClusterPhase
  readonly pace?: UpgradePace | undefined
}

interface CheckOptions {
  readonly pace?: UpgradePace
  /** Nodes may wait for room on the host, as pods of any object that was declared. */
  readonly mayWait?: boolean
}

/**
 * The one check before a cluster that exists is changed, or the change is planned. Throws PreflightError with
 * what nodes, addresses and the host have against it. Changes nothing.
 */
export async function checkedChange(
  parts: Parts,
  before: ClusterRecord,
  spec: ClusterSpec,
  { progress, signal }: Pick<RunOptions, 'progress' | 'signal'>,
  { pace, mayWait = false }: CheckOptions = {},
): Promise<Change> {
  refuseBoth(before, spec)
  refuseFixedImages(before, spec, await backendsOf(parts, before))
  const images = await imageProblems(parts, before, spec, signal)
  const known = [
    ...(await addressProblems(parts, before, spec, signal)),
    ...(await registryProblems(parts, before, spec, signal)),
    ...images,
  ]
  const isNew = ({ message }: Problem): boolean => images.every((said) => said.message !== message)
  const further = async (): Promise<readonly Problem[]> => {
    const additions = await additionProblems(parts, before, spec, signal, pace?.maxSurge)
    const settings = [
      ...(await settingsProblems(parts, before, spec, signal)),
      ...(writesFiles(before.spec, spec) ? await sourceProblems(parts, before, spec, signal) : []),
    ]
    return [...(mayWait ? additions.map(passing) : additions).filter(isNew), ...settings]
  }
  // All at once: who mends the one would meet the next. What is known is told though the rest cannot be seen.
  const others = await further().catch((error: unknown) => {
    signal.throwIfAborted()
    if (known.some(isError)) return []
    throw error
  })
  refuseErrors([...known, ...others], progress)
  return { before, spec, phase: phaseOfChange(before, spec) }
}

/** Of a change of registries. One that is about something else goes on without a Secret that was lost. */
async function registryProblems(
  { home }: Parts,
  before: ClusterRecord,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (isDeepStrictEqual(before.spec.registries, spec.registries)) return []
  return (await readRegistries(home, before, spec, signal)).problems
}

/** Control planes come, are set up anew, or are given others. */
function writesFiles(before: ClusterSpec, spec: ClusterSpec): boolean {
  return (
    spec.controlPlane.count > before.controlPlane.count ||
    spec.kubernetesVersion !== before.kubernetesVersion ||
    !areSameSettings(before.kubernetes, spec.kubernetes)
  )
}

/** The steps that `carryOut` would take now. */
export async function planChange(
  parts: Parts,
  { before, spec, phase, pace }: Change,
  signal: AbortSignal,
): Promise<readonly PlannedStep[]> {
  const settings = settingsChange(before, spec)
  return (await planFor(parts, { ...before, spec, phase, settings }, signal, { pace })).steps
}

/**
 * Records the change, then makes the cluster so. When a component does not come up with other settings, record and
 * nodes have the former ones again, and SettingsRefused is thrown. The caller holds the lock.
 */
export async function carryOut(parts: Parts, change: Change, run: RunOptions): Promise<void> {
  try {
    await make(parts, change, run)
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    run.progress.warn(`${error.message}: taking the settings back`)
    const before = await readRecord(parts, change.before, run.signal)
    await make(parts, { ...change, before, spec: formerSpec(before) }, run)
    throw takenBack(error)
  }
}

async function make(parts: Parts, { before, spec, phase, pace }: Change, run: RunOptions): Promise<void> {
  const noted = await noteSettingsChange(parts, before, settingsChange(before, spec), run.signal)
  const record = await parts.home.update(noted, spec, run.signal)
  await parts.home.setStatus(record, { phase, conditions: record.conditions }, run.signal)
  await converge(parts, { ...record, phase }, pace === undefined ? run : { ...run, pace })
}
