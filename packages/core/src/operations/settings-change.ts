import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { HealAction } from '../contracts/health.js'
import type { SettingsChange } from '../contracts/kubernetes-settings.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError, PreflightError } from '../errors.js'
import { areSameSettings, settingsDigest } from '../kubeadm/settings-digest.js'
import { SettingsRefused } from '../steps/settings-refused.js'

/** How far a change of settings has come when the record has this spec, and no node has been touched for it. Pure. */
export function settingsChange(
  before: ClusterRecord,
  { kubernetes }: ClusterSpec,
): SettingsChange | undefined {
  if (areSameSettings(before.spec.kubernetes, kubernetes)) return before.settings
  const all = [...(before.settings?.before ?? []), before.spec.kubernetes ?? {}]
  const others = all.filter((each) => !areSameSettings(each, kubernetes))
  return {
    before: others.filter((each, index) => !others.slice(0, index).some((one) => areSameSettings(one, each))),
  }
}

/**
 * Writes that down, before the record has the spec: nobody could tell any more what nodes have. Gives the record as it is
 * then.
 */
export async function noteSettingsChange(
  { home }: Pick<Parts, 'home'>,
  before: ClusterRecord,
  change: SettingsChange | undefined,
  signal: AbortSignal,
): Promise<ClusterRecord> {
  if (change === before.settings) return before
  if (home.noteSettings === undefined)
    throw new KnestError(
      'config',
      "Kubernetes' own settings of this cluster cannot be changed while it exists",
      {
        hint: 'leave them as they are, or delete and create the cluster',
      },
    )
  const version = await home.noteSettings(before, change, signal, before.version)
  return { ...before, version, settings: change }
}

/** The spec with the settings that all nodes had last. Pure. */
export function formerSpec({ spec, settings }: ClusterRecord): ClusterSpec {
  const [former = {}] = settings?.before ?? []
  return { ...spec, kubernetes: former }
}

/** What is said when the former settings are back. */
export function takenBack({ message, hint }: SettingsRefused): SettingsRefused {
  return new SettingsRefused(
    `${message}; the former settings are back`,
    hint ?? 'change what it does not take (spec.kubernetes), and apply again',
  )
}

/** Throws PreflightError (`config`) when this has been tried, and a component did not come up with it. */
export function refuseAgain({ settings }: ClusterRecord, { kubernetes }: ClusterSpec): void {
  const refused = settings?.refused
  if (refused?.digest !== settingsDigest(kubernetes)) return
  const hint = 'ask for other settings (spec.kubernetes)'
  throw new PreflightError('config', [{ severity: 'error', message: refused.message, hint }])
}

/** Throws PreflightError (`config`): nodes are taken one after another, for the one or the other. */
export function refuseBoth(before: ClusterRecord, spec: ClusterSpec): void {
  const isUpgrade = before.phase === 'Upgrading' || before.spec.kubernetesVersion !== spec.kubernetesVersion
  const isOther = settingsChange(before, spec)?.before !== undefined
  if (!isUpgrade || !isOther) return
  throw new PreflightError('config', [
    {
      severity: 'error',
      message: `the version of Kubernetes and its settings (spec.kubernetes) cannot change at the same time`,
      hint: 'apply the one, and when that has come to its end the other',
    },
  ])
}

/** Makes the former settings what the cluster is made by; the object is not touched, and what it asks for is refused. */
export async function takeBack(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  error: SettingsRefused,
  signal: AbortSignal,
): Promise<HealAction> {
  const { message } = takenBack(error)
  const spec = formerSpec(record)
  const refused = { digest: settingsDigest(record.spec.kubernetes), message }
  const change = { ...settingsChange(record, spec), refused }
  await home.accept?.(await noteSettingsChange({ home }, record, change, signal), spec, signal)
  return { type: 'Warning', reason: 'SettingsRefused', message }
}
