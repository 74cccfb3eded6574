import { labels } from '../labels.js'
import { labelKeyFault, labelValueFault } from '../values/index.js'
import { ProblemList } from './problem-list.js'

type Labels = Readonly<Record<string, string>>

/** What knest itself writes on a NestedCluster. */
function isOwnLabel(key: string): boolean {
  return key === labels.managedBy || key === 'knest.dev' || key.startsWith('knest.dev/')
}

/**
 * The labels of a new cluster: those of its file, with `KEY=VALUE` pairs of the command line above them. What knest has
 * written into a file by itself is left out. Throws PreflightError (`config`) with all that Kubernetes or knest refuses.
 */
export function clusterLabels(inFile: Labels, pairs: readonly string[]): Labels {
  const problems = new ProblemList()
  const found = Object.entries(inFile).filter(([key]) => !isOwnLabel(key))
  for (const pair of pairs) {
    const [, key = '', value] = /^([^=]*)=(.*)$/s.exec(pair) ?? [pair, pair]
    if (value === undefined)
      problems.error(`label "${pair}" has no value`, 'write it as in team=web, or team=')
    else if (isOwnLabel(key))
      problems.error(`label "${key}" is one that knest writes itself`, 'choose another')
    else found.push([key, value])
  }
  for (const [key, value] of found) {
    const fault = labelKeyFault(key)
    if (fault !== undefined) problems.error(`label key "${key}" ${fault}`, 'write it as in example.com/team')
    const valueFault = labelValueFault(value)
    if (valueFault !== undefined)
      problems.error(`value "${value}" of label "${key}" ${valueFault}`, 'correct the value')
  }
  problems.throwIfAny()
  return Object.fromEntries(found)
}
