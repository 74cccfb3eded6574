import type { Diagnosis, Finding } from 'knest'
import { renderTable } from '../render/table.js'

/** With the flags that led here in every command that is offered. */
export function wordedDiagnosis(
  { findings, unseen }: Diagnosis,
  worded: (text: string) => string,
): Diagnosis {
  return { findings: findings.map((each) => ({ ...each, remedy: worded(each.remedy) })), unseen }
}

/** The name of each kind that was found, once. */
export function diagnosisNames({ findings }: Diagnosis): string {
  return [...new Set(findings.map(({ reason }) => `${reason}\n`))].join('')
}

/** A line for each finding, and below all of them what is behind each and what helps. */
export function diagnosisText({ findings, unseen }: Diagnosis): string {
  const table = renderTable(
    ['SEVERITY', 'REASON', 'OBJECT', 'WHAT'],
    findings.map(({ severity, reason, object, message }) => [severity, reason, object, message]),
  )
  const parts = [
    ...(findings.length === 0 ? [] : [table, ...findings.map(explained)]),
    ...(unseen.length === 0
      ? []
      : [unseen.map(({ what, why }) => `not looked at: ${what}: ${why}\n`).join('')]),
    summary(findings, unseen.length),
  ]
  return parts.join('\n')
}

function explained({ reason, object, cause, remedy }: Finding): string {
  return `${reason} ${object}\n  cause:  ${cause}\n  remedy: ${remedy}\n`
}

function summary(findings: readonly Finding[], unseen: number): string {
  const wrong = findings.filter(({ severity }) => severity !== 'note').length
  const found =
    wrong === 0 ? 'no problems found' : wrong === 1 ? '1 problem found' : `${wrong} problems found`
  const rest = unseen === 0 ? '' : `; what could not be looked at may be well or not (${unseen})`
  return `${found}${rest}\n`
}
