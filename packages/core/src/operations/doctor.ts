import type { ClusterRecord } from '../contracts/cluster.js'
import type { Clusters } from '../contracts/clusters.js'
import type { Parts } from '../contracts/parts.js'
import { silentProgress } from '../contracts/progress.js'
import type { Problem } from '../errors.js'
import { diagnose, gather } from '../doctor/index.js'
import { chooseTunnel } from '../network/index.js'
import { phaseTable } from '../phases/index.js'
import { reasons } from '../reasons.js'
import { additionProblems } from './additions.js'
import { runPreflight } from './preflight.js'
import { readRecord, type OperationTools } from './tools.js'

export type DoctorOperation = Pick<Clusters, 'diagnose' | 'diagnoseHost'>

export function doctorOperation({ parts }: Pick<OperationTools, 'parts'>): DoctorOperation {
  return {
    diagnose: async (ref, request, signal) => {
      const asked = performance.now()
      const record = await readRecord(parts, ref, signal)
      const recordMs = performance.now() - asked
      const checks = (bounded: AbortSignal): Promise<readonly Problem[]> =>
        standingProblems(parts, record, bounded)
      return diagnose(await gather({ parts, request, checks, record, recordMs }, signal))
    },

    diagnoseHost: async (ref, specs, request, signal) => {
      const checks = async (bounded: AbortSignal): Promise<readonly Problem[]> => {
        const run = { signal: bounded, progress: silentProgress }
        const found = await Promise.all(specs.map((spec) => runPreflight(parts, ref, spec, run)))
        // What others say of every host was said of the first.
        return found.flatMap(({ problems }, index) => (index === 0 ? problems : problems.filter(isOfVms)))
      }
      return diagnose(await gather({ parts, request, checks }, signal))
    },
  }
}

function isOfVms({ reason }: Problem): boolean {
  return reason !== undefined && reasons[reason][0] === 'vm'
}

/** What preflight has to say of a cluster that is there: ranges and ports were chosen long ago. */
async function standingProblems(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const { spec } = record
  const isThere = phaseTable[record.phase].nodes === 'there'
  const [facts, additions] = await Promise.all([
    parts.home.inspect(spec, record, signal),
    isThere ? additionProblems(parts, record, spec, signal) : [],
  ])
  const { problems } = chooseTunnel(facts, spec.network)
  return [...facts.problems, ...problems.filter(({ reason }) => reason === 'MtuTooLarge'), ...additions]
}
