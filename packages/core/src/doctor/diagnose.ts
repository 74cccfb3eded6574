import type { Diagnosis, Finding } from '../contracts/doctor.js'
import type { Problem } from '../errors.js'
import { redactText } from '../logs/index.js'
import { phaseTable } from '../phases/index.js'
import { reasons, type Reason } from '../reasons.js'
import { judge, statusProblems } from '../status/index.js'
import { hostRules } from './host-rules.js'
import { nestedRules } from './nested-rules.js'
import { isWorkedOn, placeRules } from './place-rules.js'
import type { ClusterSnapshot, HostSnapshot, Snapshot } from './snapshot.js'

/** What all that was seen means, most important first. Pure. */
export function diagnose({ host, cluster, unseen }: Snapshot): Diagnosis {
  const name = cluster?.facts.record.name
  const findings = [
    ...host.checks.map((problem) => finding(problem, name, severityOf(problem))),
    ...hostRules.flatMap((rule) => rule(host)).map((problem) => finding(problem, name)),
    ...(cluster === undefined ? [] : ofCluster(cluster, host)),
  ]
  return { findings: ordered(withoutRepeats(findings)), unseen }
}

function ofCluster(cluster: ClusterSnapshot, host: HostSnapshot): readonly Finding[] {
  const { facts } = cluster
  const { observed, certificates } = judge(facts)
  const { name, phase } = facts.record
  // Whoever works on it just now will leave it well.
  const isBusy = isWorkedOn(cluster, host)
  const problems = statusProblems(observed, certificates).map((problem) =>
    finding(problem, name, problem.reason === 'NotCompleted' && isBusy ? 'note' : undefined),
  )
  const isThere = phaseTable[phase].nodes === 'there'
  return [
    ...placeRules.flatMap((rule) => rule(cluster, host)).map((problem) => finding(problem, name)),
    ...(isThere ? nestedRules.flatMap((rule) => rule({ ...cluster, observed })) : []).map((problem) =>
      finding(problem, name),
    ),
    ...problems,
  ]
}

/** Preflight knows how bad it is; what somebody wanted so is no fault. */
function severityOf({ reason = 'HostUnfit', severity }: Problem): Finding['severity'] {
  return reasons[reason][1] === 'note' ? 'note' : severity
}

function finding(
  { reason = 'HostUnfit', object, message, hint }: Problem,
  cluster: string | undefined,
  severity?: Finding['severity'],
): Finding {
  const [area, usual, cause] = reasons[reason]
  const whole = area === 'host' || cluster === undefined ? 'host' : `cluster/${cluster}`
  return {
    severity: severity ?? usual,
    area,
    reason,
    object: object ?? whole,
    message: redactText(message),
    cause,
    remedy: redactText(hint),
  }
}

/** They say that something is the matter; others say what. */
const vague: ReadonlySet<Reason> = new Set(['NodePending', 'VmStarting', 'NodeNotReady', 'NodeNotRegistered'])
/** With what is there, what follows from it is no finding of its own: a node without kubelet reports nothing. */
const follows: readonly (readonly [cause: Reason, consequences: readonly Reason[]])[] = [
  ['ContainerdDown', ['KubeletDown', 'StaticPodCrashes', 'NodeNotReady']],
  ['KubeletDown', ['NodeNotReady']],
  ['EtcdNoSpace', ['NodeNotReady', 'KubeletDown']],
  ['CertificatesExpired', ['CertificatesEndSoon']],
  ['StaticPodCrashes', ['ContainerCrashes', 'ApiSilent', 'EtcdMemberSilent']],
  ['HostApiSlow', ['ApiSilent']],
  ['StorageClassMissing', ['ClaimPending']],
]
/** These concern the cluster wherever they are. */
const wide: ReadonlySet<Reason> = new Set([
  'EtcdNoSpace',
  'CertificatesExpired',
  'StaticPodCrashes',
  'HostApiSlow',
  'StorageClassMissing',
])

function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const keyOf = ({ reason, object, message }: Finding): string =>
    `${reason} ${object === 'host' ? message : object}`
  // Of the same, the one that was found first.
  const distinct = [...new Map([...findings].reverse().map((each) => [keyOf(each), each])).values()].reverse()
  return distinct.filter((each) => {
    const others = distinct.filter((other) => other !== each)
    const isTold =
      vague.has(each.reason) &&
      others.some(({ object, reason }) => object === each.object && !vague.has(reason))
    const isConsequence = others.some(
      ({ reason, object }) =>
        (wide.has(reason) || object === each.object) &&
        follows.some(([cause, consequences]) => cause === reason && consequences.includes(each.reason)),
    )
    return !isTold && !isConsequence
  })
}

const ranks = { error: 0, warning: 1, note: 2 } as const

function ordered(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((one, other) => ranks[one.severity] - ranks[other.severity])
}
