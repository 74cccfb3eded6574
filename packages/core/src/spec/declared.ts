import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import { KnestError, type Problem } from '../errors.js'
import { kubernetesProblems } from './kubernetes/problems.js'
import { ProblemList } from './problem-list.js'
import { checkNodeNames, controlPlaneCountFault } from './resolve-nodes.js'
import { validateClusterName } from './validate-name.js'

/**
 * What a command would refuse of a cluster that was declared as an object, and reading it lets pass: its name, and
 * numbers of control planes that only --force allows. Pure.
 */
export function declaredProblems(ref: ClusterRef, spec: ClusterSpec): readonly Problem[] {
  const problems = new ProblemList()
  try {
    validateClusterName(ref.name)
  } catch (error) {
    if (!(error instanceof KnestError)) throw error
    problems.error(error.message, error.hint ?? 'use another name')
  }
  const fault = controlPlaneCountFault(spec.controlPlane.count, false)
  if (fault !== undefined) problems.error(fault.message, fault.hint.replace(', or --force', ''))
  checkNodeNames(ref.name, spec.workers, problems)
  return [...problems.problems, ...kubernetesProblems(spec.kubernetes, spec.kubernetesVersion)]
}
