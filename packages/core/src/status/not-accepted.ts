import { kubectlCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { Problem } from '../errors.js'

/** What its object asks for and the controller does not do, in its own words; undefined when there is nothing. Pure. */
export function notAccepted(record: ClusterRecord): Problem | undefined {
  const said = record.conditions.find(({ type, status }) => type === 'Accepted' && status === 'False')
  // What is deleted is looked at no more.
  if (said === undefined || record.phase === 'Deleting') return undefined
  return {
    reason: 'NotAccepted',
    severity: 'warning',
    message: `cluster "${record.name}" ${isUntouched(record) ? 'is not made' : 'stays as it is'}: ${said.message}`,
    hint: cure(record, said.reason),
  }
}

/** Nothing that its object asks for was ever accepted. Pure. */
export function isUntouched({ phase, desiredSpec }: ClusterRecord): boolean {
  return phase === 'Creating' && desiredSpec === undefined
}

function cure({ name, namespace }: ClusterRecord, reason: string): string {
  if (reason === 'NotPermitted') return 'the controller goes on by itself when it may'
  if (reason === 'HalfWay') return 'the controller goes on by itself when that is done'
  return `change what the object asks for: ${kubectlCommand('edit', 'nestedcluster', name, '-n', namespace)}; the controller looks at it again by itself`
}
