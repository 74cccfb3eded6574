import type { DoctorRequest, HostKind, Unseen } from '../contracts/doctor.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { Parts } from '../contracts/parts.js'
import type { Problem } from '../errors.js'
import { isDead } from '../home/holder.js'
import { limitsAfter, openAsk, type Ask, type Limits } from './ask.js'
import { lookAtCluster } from './gather-cluster.js'
import type { HostSnapshot, Snapshot } from './snapshot.js'

interface Sources {
  readonly parts: Parts
  readonly request: DoctorRequest
  /** What preflight knows to ask. */
  readonly checks: (signal: AbortSignal) => Promise<readonly Problem[]>
  readonly record?: ClusterRecord | undefined
  /** How long the host needed for the record. */
  readonly recordMs?: number | undefined
}

/** Asks everybody at the same time. Throws only when `signal` is aborted. */
export async function gather(
  sources: Sources,
  signal: AbortSignal,
  limits: Limits = limitsAfter((sources.request.waitedMs ?? 0) + (sources.recordMs ?? 0)),
): Promise<Snapshot> {
  const unseen: Unseen[] = []
  const ask = openAsk(signal, unseen, limits)
  const { parts, record, request } = sources
  const [host, cluster] = await Promise.all([
    lookAtHost(sources, record, ask),
    record === undefined ? undefined : lookAtCluster({ parts, record, request, limits }, ask, unseen),
  ])
  const holders = (host.objects.locks ?? []).map(
    ({ spec }) => (spec as { readonly holderIdentity?: string | null } | undefined)?.holderIdentity ?? '',
  )
  const deadHolders = holders.filter(isDead)
  return { host, unseen, cluster: cluster === undefined ? undefined : { ...cluster, deadHolders } }
}

async function lookAtHost(
  { parts, request, checks, recordMs = Infinity }: Sources,
  ref: ClusterRef | undefined,
  ask: Ask,
): Promise<HostSnapshot> {
  const questions = parts.home.hostQuestions?.(ref) ?? []
  const answers = Promise.all(
    questions.map(async (question) => {
      const { kind, what } = question
      const asked = performance.now()
      const found = await ask(what, (signal) => question.read(signal))
      return { kind, found, ms: found === undefined ? Infinity : performance.now() - asked }
    }),
  )
  const [found, checked, machine] = await Promise.all([
    answers,
    ask('what preflight looks for', checks, 'longPart'),
    ask(
      'the machine of the embedded host',
      (signal) => request.machine?.(signal) ?? Promise.resolve([]),
      'longPart',
    ),
  ])
  const objects: Partial<Record<HostKind, readonly KubeObject[]>> = Object.fromEntries(
    found.flatMap(({ kind, found: list }) => (list === undefined ? [] : [[kind, list]])),
  )
  const quickest = Math.min(recordMs, ...found.map(({ ms }) => ms))
  return {
    checks: [...(checked ?? []), ...(machine ?? [])],
    answerMs: Number.isFinite(quickest) ? quickest : undefined,
    objects,
    controllerImage: request.controllerImage,
  }
}
